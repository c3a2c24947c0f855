import { App, Stack } from 'aws-cdk-lib';
import { webServerImage } from './web-server-image';

const app = new App();
webServerImage(new Stack(app, 'WebServer'));
