"""The evaluation as `terraform show -json PLAN` would give it, for the tools of that world: checkov, conftest, infracost.

Names of types and attributes are Terraform's (hashicorp/aws 5 and 6, cloudflare/cloudflare 5, hashicorp/random 3), from which
the Pulumi providers are bridged: snake case, lists in the singular where Terraform has them so (`ResourceType.renamed`), and
a list of one where Terraform has a block. Three things differ from a plan of Terraform's own, each on purpose:

- All resources stand in the root module: a reference between modules goes through variables, which graph checks lose.
- A secret's value is masked; Terraform marks it in `after_sensitive` and prints it all the same.
- An IAM policy with an unknown ARN in it is shown with a placeholder; Terraform would call the whole document unknown.
"""

from preview.report.terraform.names import terraform_type
from preview.report.terraform.plan import left_out, plan, to_terraform

__all__ = ["left_out", "plan", "terraform_type", "to_terraform"]
