import { App } from 'aws-cdk-lib';
import { FleetStack } from './fleet-stack';
import { ImagesStack } from './images-stack';

const app = new App();
const env = { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION };

const images = new ImagesStack(app, 'NightlyImages', { env });
new FleetStack(app, 'NightlyFleet', { env, image: images.web });
