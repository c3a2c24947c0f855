import os

import jsii
from cdk_golden_image import Check, FileSource, IProvisioner, ProvisionerContext
from constructs import Construct


@jsii.implements(IProvisioner)
class SiteRelease:
    """Places a release of the site, and notes which one it is: a provisioner of our own."""

    def __init__(self, release: str) -> None:
        self._release = release

    def bind(self, scope: Construct, context: ProvisionerContext) -> None:
        context.put(
            source=FileSource.asset(os.path.join(os.path.dirname(os.path.abspath(__file__)), "site")),
            destination="/srv",
        )
        context.run(
            inline=["install -d -m 0755 /etc/site", 'printf "%s\\n" "$RELEASE" >/etc/site/release'],
            environment={"RELEASE": self._release},
        )
        context.add_check(
            Check.file("/srv/site/index.html", mode="0644", owner="root", contents=["Built while its stack was deployed."]),
            Check.file("/etc/site/release", contents=[self._release]),
        )
