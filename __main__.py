"""The program: reads the stack file, builds the components, exports the outputs."""

import gc

gc.disable()  # all that the SDKs make stays: looking through it for garbage was a quarter of their import

from pathlib import Path

import pulumi

from components import configuration
from components.access import Access
from components.alerts import Alerts
from components.database import Database
from components.firewall import Firewall
from components.host import Host, MachineInputs
from components.network import Network
from components.secrets import Parameters, Secrets
from components.storage import Storage
from components.tunnel import Tunnel
from model import outputs
from model.edge.access_applications import applications as access_applications
from model.edge.hosts import hostnames
from model.edge.ingress import ingress
from model.edge.rules import may_replace_value
from model.machine import app_variables, cloud_init
from model.machine.specification import machine_of
from model.stack import TOKEN

checkout = Path(__file__).resolve().parent
project = Path(pulumi.get_root_directory())  # the user's own, whose `main:` may point here from elsewhere
stack, given = configuration.load(lambda path: (project / path).read_text(encoding="utf-8"))
templates = {
    name: (checkout / "cloud-init" / name).read_text(encoding="utf-8") for name in cloud_init.TEMPLATES
}
names, name = stack.names, stack.name
applications = access_applications(stack.routes)

network = Network(names.network.name, stack.network, stack.region)
secrets = Secrets(names.secrets.name, generate=stack.app.generate, given=given)
database = (
    Database(names.database.name, stack.database, network, stack.protect, app_variables.aliases(stack.app))
    if stack.database
    else None
)
storage = Storage(names.storage.name, network, stack.protect) if stack.app.storage else None
access = Access(
    names.access.name,
    account_id=stack.cloudflare.account_id,
    policies=stack.access,
    providers=stack.identity_providers,
    applications=applications,
    secrets=secrets.values,
    frontends=stack.app.frontends,
)
tunnel = Tunnel(
    names.tunnel.name,
    settings=stack.cloudflare,
    hostnames=hostnames(stack.routes),
    rotation=stack.tunnel.rotation,
)
firewall = Firewall(
    names.firewall.name,
    settings=stack.firewall,
    cloudflare_settings=stack.cloudflare,
    routes=stack.routes,
)

delivered = {**secrets.values, **(database.secrets if database else {})}
delivered = {key: delivered[key] for key in app_variables.secret_names(stack)} | {TOKEN: tunnel.token}
stored = (
    Parameters(names.parameters.name, name, delivered) if stack.secret_delivery == "parameter-store" else None
)
host = Host(
    names.host.name,
    settings=stack.host,
    network=network,
    region=stack.region,
    machine=machine_of(stack),
    templates=templates,
    inputs=MachineInputs(
        secrets={} if stored else delivered,
        parameters=stored.references if stored else {},
        parameter_arns=stored.arns if stored else [],
        env=database.variables if database else {},
        efs_dns=storage.dns_name if storage else None,
        database_host=database.host if database else None,
        master_secret_arn=database.master_secret_arn if database else None,
    ),
)
tunnel.lead(ingress(stack.routes, stack.tunnel.origin), access.audiences, machines=host.serving)
verify = stack.firewall.origin_verify
if verify and stack.firewall.owner:
    firewall.verify(
        verify,
        secrets.values[verify.secret],
        stack.routes,
        machines=host.serving if may_replace_value(verify, stack.app) else None,
    )
if stack.alerts:
    Alerts(
        names.alerts.name,
        stack=name,
        settings=stack.alerts,
        account_id=stack.cloudflare.account_id,
        tunnel_id=tunnel.id,
        replicas=stack.host.replicas,
        group_name=host.group_name,
        log_group=host.log_group,
        database=database.identifier if database else None,
    )

resources = {
    "audiences": access.audiences,
    "serviceTokens": {
        key: {"clientId": token.client_id, "clientSecret": token.client_secret}
        for key, token in access.tokens.items()
    },
    "databaseHost": database.host if database else None,
    "tunnelId": tunnel.id,
    "vpcId": network.vpc_id,
    "workloadSecurityGroupId": network.workload_group.id,
    "autoScalingGroup": host.group_name,
    "logGroup": host.log_group,
    "firewallRules": firewall.published,
}
for key, value in {**outputs.known(stack), **resources}.items():
    pulumi.export(key, value)
