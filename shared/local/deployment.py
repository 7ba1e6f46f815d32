"""Deploys one function's own code into a stack that is there, beside CloudFormation."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from shared.errors import ConcordError
from shared.local.function_list import find_function
from shared.local.packaging.layers import Architecture
from shared.local.packaging.packages import package

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import AliasRoutingConfigurationTypeDef

# The alias that traffic goes to, as template.yaml names it.
ALIAS = "live"
# As old as a zip file can say: the same code makes the same archive.
_TIME = (1980, 1, 1, 0, 0, 0)

type Tell = Callable[[str], None]


class DeploymentFailed(ConcordError):
    """The function could not be deployed."""

    code = "deployment_failed"


@dataclass(frozen=True, slots=True)
class DeployedVersion:
    """What the alias leads to now and led to before; the same numbers where the code was the same."""

    function: str
    deployed_as: str
    version: str
    previous_version: str


def deploy_function(name: str, *, stack: str, output: Path, tell: Tell) -> DeployedVersion:
    """Package a function, upload its own code, publish a version and lead the alias `live` to it.

    Layers, settings and permissions stay what the stack's last deployment made them. Raises
    ConfigurationError for an unknown name, PackagingFailed, DeploymentFailed.
    """
    find_function(name)
    with _translated():
        client = boto3.client("lambda")
        deployed_as = _deployed_name(name, stack)
        configuration = client.get_function_configuration(FunctionName=deployed_as)
        architecture = Architecture(configuration["Architectures"][0])
        package([name], architecture=architecture, output=output, tell=tell)
        tell("Layers, settings and permissions stay what the stack's last deployment made them.")
        archive = _archive(output / "functions" / name)
        published = client.update_function_code(FunctionName=deployed_as, ZipFile=archive, Publish=True)
        version = published["Version"]
        # With SnapStart a version takes no calls until its snapshot is made.
        client.get_waiter("published_version_active").wait(FunctionName=deployed_as, Qualifier=version)
        return _lead(client, name, deployed_as, version)


def lead_back(name: str, *, stack: str, version: str) -> DeployedVersion:
    """Lead the alias `live` to a version that was published before. Raises as `deploy_function` does."""
    find_function(name)
    with _translated():
        return _lead(boto3.client("lambda"), name, _deployed_name(name, stack), version)


def logical_name(function: str) -> str:
    """The function's name in template.yaml: documents_search is DocumentsSearchFunction."""
    return "".join(word.capitalize() for word in function.split("_")) + "Function"


def _deployed_name(function: str, stack: str) -> str:
    found = boto3.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId=logical_name(function)
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


def _lead(client: "LambdaClient", function: str, deployed_as: str, version: str) -> DeployedVersion:
    previous = client.get_alias(FunctionName=deployed_as, Name=ALIAS)["FunctionVersion"]
    # All traffic, also that which a deployment under way has led elsewhere.
    routing: AliasRoutingConfigurationTypeDef = {"AdditionalVersionWeights": {}}
    client.update_alias(FunctionName=deployed_as, Name=ALIAS, FunctionVersion=version, RoutingConfig=routing)
    return DeployedVersion(function, deployed_as, version, previous)


def _archive(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _TIME)
                entry.external_attr = 0o644 << 16
                packed.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        raise DeploymentFailed(f"AWS refused: {error.response['Error'].get('Message', error)}") from error
    except (BotoCoreError, WaiterError) as error:
        raise DeploymentFailed(f"AWS could not be asked: {error}") from error
