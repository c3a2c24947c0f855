import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { ImagesStack } from './images-stack';

const template = Template.fromStack(new ImagesStack(new App(), 'Images', { env: { account: '111122223333', region: 'us-east-2' } }));

test('the image is rebuilt each night', () => {
  template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'cron(30 3 * * ? *)' });
});

test('the function that sees how builds end may tell the topic', () => {
  template.hasResourceProperties('AWS::IAM::Policy', {
    PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'sns:Publish' })]) },
  });
});
