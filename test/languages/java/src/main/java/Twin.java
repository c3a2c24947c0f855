import io.github.cdkgoldenimage.AmiImage;
import io.github.cdkgoldenimage.Check;
import io.github.cdkgoldenimage.FileAttributes;
import io.github.cdkgoldenimage.FileProps;
import io.github.cdkgoldenimage.FileSource;
import io.github.cdkgoldenimage.IProvisioner;
import io.github.cdkgoldenimage.ProvisionerContext;
import io.github.cdkgoldenimage.ShellProps;
import io.github.cdkgoldenimage.Source;
import java.util.List;
import java.util.Map;
import software.amazon.awscdk.App;
import software.amazon.awscdk.Stack;
import software.constructs.Construct;

/** The image of examples/one-stack, with its provisioner, in Java. Prints its definition hash. */
public final class Twin {
  /** Places a release of the site, and notes which one it is: a provisioner of our own. */
  private static final class SiteRelease implements IProvisioner {
    private final String release;
    private final String site;

    SiteRelease(String release, String site) {
      this.release = release;
      this.site = site;
    }

    @Override
    public void bind(Construct scope, ProvisionerContext context) {
      context.put(FileProps.builder().source(FileSource.asset(site)).destination("/srv").build());
      context.run(ShellProps.builder()
          .inline(List.of("install -d -m 0755 /etc/site", "printf \"%s\\n\" \"$RELEASE\" >/etc/site/release"))
          .environment(Map.of("RELEASE", release))
          .build());
      context.addCheck(
          Check.file("/srv/site/index.html",
              FileAttributes.builder().mode("0644").owner("root").contents(List.of("Built while its stack was deployed.")).build()),
          Check.file("/etc/site/release", FileAttributes.builder().contents(List.of(release)).build()));
    }
  }

  /** The argument is the folder of the site. */
  public static void main(String[] arguments) {
    App app = new App();
    AmiImage image = AmiImage.Builder.create(new Stack(app, "Site"), "Image")
        .source(Source.amazonLinux2023())
        .provisioners(List.of(new SiteRelease("1", arguments[0])))
        .build();
    app.synth();
    System.out.println(image.getDefinitionHash());
  }
}
