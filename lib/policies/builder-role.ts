/** Name of the managed role of machines, of its policy and of its profile. Made once for an account, and kept. */
export const BUILDER_PROFILE = 'golden-builder';

/** What the agent of Systems Manager needs, and nothing else: no parameters, no buckets. */
export const BUILDER_POLICY = {
  Version: '2012-10-17',
  Statement: [{
    Effect: 'Allow',
    Action: [
      'ssm:UpdateInstanceInformation',
      'ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel', 'ssmmessages:OpenControlChannel', 'ssmmessages:OpenDataChannel',
      'ec2messages:AcknowledgeMessage', 'ec2messages:DeleteMessage', 'ec2messages:FailMessage', 'ec2messages:GetEndpoint', 'ec2messages:GetMessages',
      'ec2messages:SendReply',
    ],
    Resource: '*',
  }],
};
