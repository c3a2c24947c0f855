import os

import aws_cdk as cdk
from site_stack import SiteStack

app = cdk.App()
SiteStack(
    app,
    "Site",
    release=app.node.try_get_context("release") or "1",
    env=cdk.Environment(account=os.environ.get("CDK_DEFAULT_ACCOUNT"), region=os.environ.get("CDK_DEFAULT_REGION")),
)
app.synth()
