import os

import jsii
from cdk_golden_image import Check, FileSource, IProvisioner, Provisioner, ProvisionerContext
from constructs import Construct


@jsii.implements(IProvisioner)
class Greeter:
    """A service that greets, as a user of its own: a provisioner of ours."""

    def __init__(self, greeting: str) -> None:
        self._greeting = greeting

    def bind(self, scope: Construct, context: ProvisionerContext) -> None:
        folder = os.path.dirname(os.path.abspath(__file__))
        context.apply(Provisioner.user("greeter", system=True))
        context.put(
            source=FileSource.inline(f"GREETING={self._greeting}\n"),
            destination="/etc/greeter.conf",
            group="greeter",
            mode="0640",
        )
        context.put(
            source=FileSource.asset(os.path.join(folder, "greet")),
            destination="/usr/local/bin/greet",
            mode="0755",
        )
        context.apply(
            Provisioner.service(
                "greeter",
                unit=FileSource.asset(os.path.join(folder, "greeter.service")),
                enable=True,
                start=True,
            )
        )
        context.add_check(
            Check.service("greeter"),
            Check.file("/run/greeter/greeting", owner="greeter"),
        )
