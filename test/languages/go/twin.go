package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	golden "github.com/cdk-golden-image/cdk-golden-image-go/cdkgoldenimage"
)

// Places a release of the site, and notes which one it is: a provisioner of our own.
type siteRelease struct {
	release string
	site    string
}

// Go tells no class by which it could be called.
func (provisioner *siteRelease) Id() *string { return jsii.String("SiteRelease") }

func (provisioner *siteRelease) Bind(_ constructs.Construct, context golden.ProvisionerContext) {
	context.Put(&golden.FileProps{Source: golden.FileSource_Asset(&provisioner.site), Destination: jsii.String("/srv")})
	context.Run(&golden.ShellProps{
		Inline:      jsii.Strings("install -d -m 0755 /etc/site", `printf "%s\n" "$RELEASE" >/etc/site/release`),
		Environment: &map[string]*string{"RELEASE": &provisioner.release},
	})
	context.AddCheck(
		golden.Check_File(jsii.String("/srv/site/index.html"), &golden.FileAttributes{
			Mode: "0644", Owner: "root", Contents: []string{"Built while its stack was deployed."},
		}),
		golden.Check_File(jsii.String("/etc/site/release"), &golden.FileAttributes{Contents: []string{provisioner.release}}),
	)
}

// The image of examples/one-stack, with its provisioner, in Go. Prints its definition hash. The argument is the folder of the site.
func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	image := golden.NewAmiImage(awscdk.NewStack(app, jsii.String("Site"), nil), jsii.String("Image"), &golden.AmiImageProps{
		Source:       golden.Source_AmazonLinux2023(nil),
		Provisioners: &[]golden.IProvisioner{&siteRelease{release: "1", site: os.Args[1]}},
	})
	app.Synth(nil)
	fmt.Println(*image.DefinitionHash())
}
