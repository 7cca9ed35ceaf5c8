"""The program: reads the stack file, builds the components, exports the outputs."""

from pathlib import Path

import pulumi

from components import configuration, project_files
from components.access import Access, AccessArgs
from components.alerts import Alerts, AlertsArgs
from components.database import Database, DatabaseArgs
from components.firewall import Firewall, FirewallArgs
from components.host import Host, HostArgs
from components.network import Network, NetworkArgs
from components.secrets import Parameters, ParametersArgs, Secrets, SecretsArgs
from components.storage import Storage, StorageArgs
from components.tunnel import Tunnel, TunnelArgs
from components.user_data import MachineInputs
from model import outputs
from model.edge.access_applications import applications
from model.edge.hosts import hostnames
from model.edge.ingress import ingress
from model.edge.rules import may_replace_value
from model.machine import app_variables, cloud_init
from model.machine.specification import machine_of
from model.stack import TOKEN

checkout = Path(__file__).resolve().parent
project = Path(pulumi.get_root_directory())  # the user's own, whose `main:` may point here from elsewhere
stack, given = configuration.load(project_files.reader(project))
templates = {
    name: (checkout / "cloud-init" / name).read_text(encoding="utf-8") for name in cloud_init.TEMPLATES
}
names, name = stack.names, stack.name

network_args = NetworkArgs(
    settings=stack.network,
    region=stack.region,
    files=bool(stack.app.storage),
    database=stack.database is not None,
)
network = (Network.adopt if stack.network.vpc_id else Network)(names.network.name, network_args)
secrets = Secrets(names.secrets.name, SecretsArgs(generate=stack.app.generate, given=given))
database = stack.database and Database(
    names.database.name,
    DatabaseArgs(
        settings=stack.database,
        network=network,
        protect=stack.protect,
        aliases=app_variables.aliases(stack.app),
    ),
)
storage = (
    Storage(names.storage.name, StorageArgs(network=network, protect=stack.protect))
    if stack.app.storage
    else None
)
access = Access(
    names.access.name,
    AccessArgs(
        account_id=stack.cloudflare.account_id,
        policies=stack.access,
        providers=stack.identity_providers,
        applications=applications(stack.routes),
        secrets=secrets.values,
        frontends=stack.app.frontends,
    ),
)
tunnel = Tunnel(
    names.tunnel.name,
    TunnelArgs(settings=stack.cloudflare, hostnames=hostnames(stack.routes), rotation=stack.tunnel.rotation),
)
firewall = Firewall(
    names.firewall.name,
    FirewallArgs(settings=stack.firewall, cloudflare=stack.cloudflare, routes=stack.routes),
)

delivered = {**secrets.values, **(database.secrets if database else {})}
delivered = {key: delivered[key] for key in app_variables.secret_names(stack)} | {TOKEN: tunnel.token}
stored = (
    Parameters(names.parameters.name, ParametersArgs(stack=name, region=stack.region, values=delivered))
    if stack.secret_delivery == "parameter-store"
    else None
)
host = Host(
    names.host.name,
    HostArgs(
        settings=stack.host,
        network=network,
        paths=[path for owner in (network, database, storage) if owner for path in owner.paths],
        region=stack.region,
        machine=machine_of(stack),
        templates=templates,
        inputs=MachineInputs(
            secrets={} if stored else delivered,
            parameters=stored.references if stored else {},
            env=database.variables if database else {},
            efs_dns=storage.dns_name if storage else None,
            database_host=database.host if database else None,
            master_secret_arn=database.master_secret_arn if database else None,
        ),
        grants=[
            *([stored.grant_read()] if stored else []),
            *([database.grant_master_secret_read()] if database else []),
        ],
    ),
)
tunnel.lead(ingress(stack.routes, stack.tunnel.origin), access.audiences, host.serving, firewall.guards)
verify = stack.firewall.origin_verify
if verify and stack.firewall.owner:
    firewall.verify(
        verify,
        secrets.values[verify.secret],
        machines=host.serving if may_replace_value(verify, stack.app) else None,
    )
if stack.alerts:
    Alerts(
        names.alerts.name,
        AlertsArgs(
            stack=name,
            host=names.host,
            settings=stack.alerts,
            account_id=stack.cloudflare.account_id,
            tunnel_id=tunnel.id,
            replicas=stack.host.replicas,
            group_name=host.group_name,
            log_group=host.log_group,
            database=database.identifier if database else None,
            low_storage=stack.database.low_storage if stack.database else 0,
        ),
    )

resources = {
    "audiences": access.audiences,
    "serviceTokens": {
        key: {"clientId": token.client_id, "clientSecret": token.client_secret}
        for key, token in access.tokens.items()
    },
    "databaseHost": database.host if database else None,
    "tunnelId": tunnel.id,
    "vpcId": network.vpc.id,
    "workloadSecurityGroupId": network.workload_group.id,
    "autoScalingGroup": host.group_name,
    "logGroup": host.log_group,
    "firewallRules": firewall.published,
}
for key, value in {**outputs.known(stack), **resources}.items():
    pulumi.export(key, value)
