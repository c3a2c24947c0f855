import { App } from 'aws-cdk-lib';
import { ChainStack } from './chain-stack';

const app = new App();
new ChainStack(app, 'Chain', {
  env: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  greeting: app.node.tryGetContext('greeting') ?? 'Hello',
});
