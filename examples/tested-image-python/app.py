import aws_cdk as cdk
from cdk_golden_image import AmiImage, Source
from greeter import Greeter

app = cdk.App()
AmiImage(
    cdk.Stack(app, "Greeter"),
    "Image",
    source=Source.debian("12"),
    provisioners=[Greeter("hello")],
)
app.synth()
