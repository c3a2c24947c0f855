import { App } from 'aws-cdk-lib';
import { ImagesStack } from './images-stack';
import { WorkersStack } from './workers-stack';

const app = new App();
const account = process.env.CDK_DEFAULT_ACCOUNT;

const images = new ImagesStack(app, 'Images', { env: { account, region: 'us-east-2' } });
new WorkersStack(app, 'WorkersHere', { env: { account, region: 'us-east-2' }, image: images.worker });
new WorkersStack(app, 'WorkersThere', { env: { account, region: 'us-west-2' }, image: images.worker });
