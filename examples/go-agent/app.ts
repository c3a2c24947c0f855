import { App, Stack } from 'aws-cdk-lib';
import { goAgentImage } from './go-agent-image';

const app = new App();
goAgentImage(new Stack(app, 'GoAgent'), {
  // Where go.dev cannot be reached: cdk.json or GOLDEN context may name a mirror with the same archives.
  mirror: app.node.tryGetContext('goMirror'),
  sha256: app.node.tryGetContext('goSha256'),
});
