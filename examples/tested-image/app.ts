import { App, Stack } from 'aws-cdk-lib';
import { greeterImage } from './greeter-image';

const app = new App();
greeterImage(new Stack(app, 'Greeter'));
