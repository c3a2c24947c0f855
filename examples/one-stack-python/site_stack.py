from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from cdk_golden_image import AmiImage, Source
from constructs import Construct
from site_release import SiteRelease


class SiteStack(Stack):
    """An image and an instance of it: `cdk deploy` builds the one, and then makes the other."""

    def __init__(self, scope: Construct, construct_id: str, *, release: str, **kwargs) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.image = AmiImage(
            self,
            "Image",
            source=Source.amazon_linux2023(),
            provisioners=[SiteRelease(release)],
        )
        instance = ec2.Instance(
            self,
            "Instance",
            machine_image=self.image,
            instance_type=ec2.InstanceType("t3.micro"),
            vpc=ec2.Vpc.from_lookup(self, "Vpc", is_default=True),
        )
        CfnOutput(self, "ImageId", value=self.image.image_id)
        CfnOutput(self, "InstanceId", value=instance.instance_id)
