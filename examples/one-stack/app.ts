import { App } from 'aws-cdk-lib';
import { SiteStack } from './site-stack';

const app = new App();
new SiteStack(app, 'Site', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  release: app.node.tryGetContext('release') ?? '1',
});
