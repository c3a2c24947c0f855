import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { AmiImage, Check, Delivery, Provisioner, Source } from 'cdk-golden-image';

/** An image that CodeBuild builds when the stack is deployed, and each night again where there is a newer Ubuntu. */
export class ImagesStack extends Stack {
  public readonly web: AmiImage;
  /** Says when there is a newer image, and when a build failed. */
  public readonly news: sns.Topic;

  public constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.news = new sns.Topic(this, 'News');
    this.web = new AmiImage(this, 'Web', {
      source: Source.ubuntu('24.04'),
      provisioners: [
        Provisioner.shell({ inline: ['mkdir -p /srv/web', 'echo "built at night" > /srv/web/motto'] }),
      ],
      checks: [Check.file('/srv/web/motto', { exists: true, contents: ['built at night'] })],
      delivery: Delivery.codeBuild({
        timeout: Duration.hours(2),
        schedule: events.Schedule.cron({ hour: '3', minute: '30' }),
        notifications: this.news,
      }),
      aliasParameterName: '/images/web',
      // Nobody should start from last season's.
      distribution: { deprecateAfter: Duration.days(90) },
    });
  }
}
