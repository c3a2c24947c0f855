interface Variant {
  /** AMI ID. */
  readonly image: string;
  /** Of everything that can be changed where it is. */
  readonly variant: 1 | 2;
}

/** A template with a resource of each type that the emulated CloudFormation makes by calls of moto. */
export function everyType({ image, variant }: Variant): object {
  const of = (Type: string, Properties: object = {}, more: object = {}) => ({ Type, Properties, ...more });
  const words = `variant ${variant}`;
  const allow = (Action: string, more: object = { Resource: '*' }) => ({
    Version: '2012-10-17', Statement: [{ Sid: `V${variant}`, Effect: 'Allow', Action, ...more }],
  });
  const get = (id: string, attribute: string) => ({ 'Fn::GetAtt': [id, attribute] });
  const ref = (Ref: string) => ({ Ref });
  const first = (list: object) => ({ 'Fn::Select': [0, list] });
  return {
    Resources: {
      Vpc: of('AWS::EC2::VPC', { CidrBlock: '10.7.0.0/16', EnableDnsHostnames: true, EnableDnsSupport: true, Tags: [{ Key: 'Name', Value: words }] }),
      Subnet: of('AWS::EC2::Subnet', {
        VpcId: ref('Vpc'), CidrBlock: first({ 'Fn::Cidr': [get('Vpc', 'CidrBlock'), 4, 8] }), AvailabilityZone: first({ 'Fn::GetAZs': '' }), MapPublicIpOnLaunch: variant === 1,
      }),
      Routes: of('AWS::EC2::RouteTable', { VpcId: ref('Vpc') }),
      SubnetRoutes: of('AWS::EC2::SubnetRouteTableAssociation', { RouteTableId: ref('Routes'), SubnetId: ref('Subnet') }),
      Gateway: of('AWS::EC2::InternetGateway', { Tags: [{ Key: 'Name', Value: words }] }),
      OtherGateway: of('AWS::EC2::InternetGateway'),
      GatewayOfVpc: of('AWS::EC2::VPCGatewayAttachment', { VpcId: ref('Vpc'), InternetGatewayId: ref('Gateway') }),
      DefaultRoute: of('AWS::EC2::Route', {
        RouteTableId: ref('Routes'), DestinationCidrBlock: '0.0.0.0/0', GatewayId: ref(variant === 1 ? 'Gateway' : 'OtherGateway'),
      }, { DependsOn: 'GatewayOfVpc' }),
      Group: of('AWS::EC2::SecurityGroup', {
        GroupDescription: 'of boxes',
        VpcId: ref('Vpc'),
        SecurityGroupIngress: [{ CidrIp: '10.0.0.0/8', IpProtocol: 'tcp', FromPort: 20 + variant, ToPort: 20 + variant }],
        SecurityGroupEgress: [{ CidrIp: '0.0.0.0/0', Description: 'all', IpProtocol: '-1' }],
      }),
      FromItself: of('AWS::EC2::SecurityGroupIngress', {
        GroupId: get('Group', 'GroupId'), SourceSecurityGroupId: get('Group', 'GroupId'), IpProtocol: 'tcp', FromPort: 80, ToPort: 80,
      }),
      ToDns: of('AWS::EC2::SecurityGroupEgress', { GroupId: get('Group', 'GroupId'), CidrIp: '10.7.0.2/32', IpProtocol: 'udp', FromPort: 53, ToPort: 53 }),
      Role: of('AWS::IAM::Role', {
        AssumeRolePolicyDocument: allow('sts:AssumeRole', { Principal: { Service: 'ec2.amazonaws.com' } }),
        Description: words,
        ManagedPolicyArns: ['arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'],
        Policies: [{ PolicyName: `inline-${variant}`, PolicyDocument: allow('s3:ListBucket') }],
        Tags: [{ Key: 'variant', Value: words }],
      }),
      Inline: of('AWS::IAM::Policy', { PolicyName: 'more', PolicyDocument: allow('s3:PutObject'), Roles: [ref('Role')] }),
      Managed: of('AWS::IAM::ManagedPolicy', { PolicyDocument: allow('s3:GetObject'), Roles: [ref('Role')] }),
      Profile: of('AWS::IAM::InstanceProfile', { Roles: [ref('Role')] }),
      Template: of('AWS::EC2::LaunchTemplate', {
        LaunchTemplateData: { ImageId: image, InstanceType: 't3.micro', MetadataOptions: { HttpTokens: 'required' }, SecurityGroupIds: [get('Group', 'GroupId')] },
      }),
      Fleet: of('AWS::AutoScaling::AutoScalingGroup', {
        MinSize: '0',
        MaxSize: String(variant),
        VPCZoneIdentifier: [ref('Subnet')],
        LaunchTemplate: { LaunchTemplateId: ref('Template'), Version: get('Template', 'LatestVersionNumber') },
        Tags: [{ Key: 'Name', Value: 'fleet', PropagateAtLaunch: true }],
      }),
      Box: of('AWS::EC2::Instance', {
        ImageId: image,
        InstanceType: 't3.micro',
        SubnetId: ref('Subnet'),
        SecurityGroupIds: [get('Group', 'GroupId')],
        IamInstanceProfile: ref('Profile'),
        AvailabilityZone: get('Subnet', 'AvailabilityZone'),
        UserData: { 'Fn::Base64': '#!/bin/sh' },
        BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 20, VolumeType: 'gp3', Encrypted: true } }],
        Tags: [{ Key: 'Name', Value: words }],
      }),
      OfTemplate: of('AWS::EC2::Instance', { SubnetId: ref('Subnet'), LaunchTemplate: { LaunchTemplateId: ref('Template'), Version: '1' } }),
      Key: of('AWS::KMS::Key', { EnableKeyRotation: true, KeyPolicy: allow('kms:*', { Principal: { AWS: '*' }, Resource: '*' }) }),
      OtherKey: of('AWS::KMS::Key'),
      Alias: of('AWS::KMS::Alias', { AliasName: 'alias/app', TargetKeyId: ref(variant === 1 ? 'Key' : 'OtherKey') }),
      Secret: of('AWS::SecretsManager::Secret', {
        GenerateSecretString: { PasswordLength: 20, SecretStringTemplate: '{"user":"me"}', GenerateStringKey: 'password' },
      }),
      Bucket: of('AWS::S3::Bucket', {
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
        LifecycleConfiguration: { Rules: [{ Id: 'old', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 29 + variant } }] },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        Tags: [{ Key: 'variant', Value: words }],
      }),
      BucketPolicy: of('AWS::S3::BucketPolicy', {
        Bucket: ref('Bucket'),
        PolicyDocument: {
          Statement: [
            { Sid: `V${variant}`, Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: { 'Fn::Sub': '${Bucket.Arn}/*' } },
            { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
          ],
        },
      }),
      Topic: of('AWS::SNS::Topic', { DisplayName: words }),
      Reader: of('AWS::SNS::Subscription', { TopicArn: ref('Topic'), Protocol: 'email', Endpoint: 'ops@example.com' }),
      TopicPolicy: of('AWS::SNS::TopicPolicy', {
        Topics: [ref('Topic')], PolicyDocument: allow('sns:Publish', { Principal: { Service: 'events.amazonaws.com' }, Resource: ref('Topic') }),
      }),
      Log: of('AWS::Logs::LogGroup', { RetentionInDays: variant === 1 ? 7 : 14 }),
      Repository: of('AWS::ECR::Repository', {
        RepositoryName: 'images',
        ImageTagMutability: 'IMMUTABLE',
        LifecyclePolicy: { LifecyclePolicyText: '{"rules":[]}' },
        RepositoryPolicyText: allow('ecr:GetDownloadUrlForLayer', { Principal: '*' }),
      }),
      Parameter: of('AWS::SSM::Parameter', { Type: 'String', Value: image, DataType: 'aws:ec2:image', Tags: { variant: words } }),
      Metadata: of('AWS::CDK::Metadata', { Analytics: words }),
    },
    Outputs: { Box: { Value: ref('Box') }, Address: { Value: get('Box', 'PrivateIp') } },
  };
}
