import { CodeBuildDelivery } from './codebuild/code-build-delivery';
import type { CodeBuildOptions } from './codebuild/code-build-options';
import type { DeliveryBinder } from './delivery/bound-delivery';
import { OnDeploy } from './delivery/on-deploy';
import { Prebuilt } from './delivery/prebuilt';
import type { OnDeployOptions } from './delivery-options';

/**
 * How stacks come by the AMI ID of an image. They read it from the SSM parameter that the definition hash names, so a stack
 * changes exactly when the definition does.
 *
 * A stack of another region or account of the app that uses the image is a place that the image is taken to: it is copied,
 * shared, and its ID written there.
 */
export class Delivery {
  /**
   * `cdk deploy` builds the image, before it deploys the image's stack. Where it was built already, that costs about a second,
   * and makes copies, permissions and parameters agree with what is declared.
   *
   * The stack needs its account and region. It owns a stable alias of the image, see `aliasParameterName`.
   */
  public static onDeploy(options: OnDeployOptions = {}): Delivery {
    return new Delivery((image) => new OnDeploy(image, options));
  }

  /**
   * AWS CodeBuild builds the image, in the account and region of its stack and while that is deployed: the same engine with the same
   * plan, for up to 36 hours. CloudFormation waits for it, and says why where it fails. Whoever deploys needs no permission to build.
   *
   * The stack owns the project, its role and records, and a stable alias of the image, see `aliasParameterName`.
   */
  public static codeBuild(options: CodeBuildOptions = {}): Delivery {
    return new Delivery((image) => new CodeBuildDelivery(image, options));
  }

  /**
   * Stacks use what `golden build --host ec2` has built before the deployment, and never build by themselves. The deployment fails
   * with the name of the SSM parameter where no such image was built.
   */
  public static prebuilt(): Delivery {
    return new Delivery((image) => new Prebuilt(image));
  }

  private constructor(
    /** @internal */
    public readonly _bind: DeliveryBinder,
  ) {}
}
