import { evaluate, KNOWN_AFTER_APPLY, type Scope } from '../support/cloud/cloudformation/functions';
import { scopeOf } from '../support/cloud/cloudformation/scope';
import { stackParameters, type GivenParameter } from '../support/cloud/cloudformation/stack-parameters';
import { parseTemplate, type Json, type Template } from '../support/cloud/cloudformation/template';

const PLACE = { stackId: 'arn:of:stack', stackName: 'app', account: '123456789012', region: 'eu-west-1', notificationArns: [] };

const TEMPLATE: Template = {
  Mappings: { Sizes: { prod: { type: 'm7i.large', zones: ['a', 'b'] } } },
  Conditions: {
    Yes: { 'Fn::Equals': [1, '1'] },
    No: { 'Fn::Not': [{ Condition: 'Yes' }] },
    Both: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'No' }] },
    Either: { 'Fn::Or': [{ Condition: 'Yes' }, { Condition: 'No' }] },
  },
  Resources: { Box: { Type: 'AWS::EC2::Instance' } },
};

const scope: Scope = scopeOf(
  TEMPLATE, new Map(), PLACE,
  { importValue: (name) => `value of ${name}`, zones: (region) => [`${region}a`, `${region}b`] },
  { ref: (id) => id === 'Box' ? 'i-1' : id === 'New' ? KNOWN_AFTER_APPLY : undefined, attribute: (id, name) => `${name} of ${id}` },
);

test.each<[string, Json, unknown]>([
  ['Ref of a resource', { Ref: 'Box' }, 'i-1'],
  ['Ref of a pseudo parameter', [{ Ref: 'AWS::AccountId' }, { Ref: 'AWS::Partition' }, { Ref: 'AWS::URLSuffix' }], ['123456789012', 'aws', 'amazonaws.com']],
  ['Ref of nothing', { a: 1, b: { Ref: 'AWS::NoValue' }, c: [{ Ref: 'AWS::NoValue' }, 2] }, { a: 1, c: [2] }],
  ['GetAtt', [{ 'Fn::GetAtt': ['Box', 'PrivateIp'] }, { 'Fn::GetAtt': 'Box.Endpoint.Address' }], ['PrivateIp of Box', 'Endpoint.Address of Box']],
  ['Sub', { 'Fn::Sub': '${AWS::Region}/${Box}/${Box.PrivateIp}/${!Literal}' }, 'eu-west-1/i-1/PrivateIp of Box/${Literal}'],
  ['Sub with values of its own', { 'Fn::Sub': ['${a}${Box}', { a: { Ref: 'AWS::StackName' } }] }, 'appi-1'],
  ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Box' }, 1]] }, 'a-i-1-1'],
  ['Select and Split', { 'Fn::Select': ['1', { 'Fn::Split': ['/', 'a/b/c'] }] }, 'b'],
  ['If', [{ 'Fn::If': ['Yes', 1, 2] }, { 'Fn::If': ['No', 1, 2] }], [1, 2]],
  ['And and Or', [{ 'Fn::If': ['Both', 1, 2] }, { 'Fn::If': ['Either', 1, 2] }], [2, 1]],
  ['FindInMap', { 'Fn::FindInMap': ['Sizes', 'prod', 'type'] }, 'm7i.large'],
  ['ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${AWS::StackName}-vpc' } }, 'value of app-vpc'],
  ['GetAZs', [{ 'Fn::GetAZs': '' }, { 'Fn::Select': [0, { 'Fn::GetAZs': { Ref: 'AWS::Region' } }] }], [['eu-west-1a', 'eu-west-1b'], 'eu-west-1a']],
  ['Base64', { 'Fn::Base64': { 'Fn::Sub': '#!/bin/sh ${Box}' } }, Buffer.from('#!/bin/sh i-1').toString('base64')],
  ['Cidr', { 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
  ['a condition of a policy, which is none of the template', { Condition: { StringEquals: { a: { Ref: 'Box' } } } }, { Condition: { StringEquals: { a: 'i-1' } } }],
  ['what is known only later, in whatever it is put', [{ 'Fn::Join': ['', ['a', { Ref: 'New' }]] }, { 'Fn::Select': [0, { 'Fn::Split': ['/', { Ref: 'New' }] }] }],
    [`a${KNOWN_AFTER_APPLY}`, KNOWN_AFTER_APPLY]],
])('%s', (_name, value, expected) => {
  expect(evaluate(value, scope)).toEqual(expected);
});

test.each<[Json, string]>([
  [{ 'Fn::FindInMap': ['Sizes', 'dev', 'type'] }, 'Template error: Unable to get mapping for Sizes::dev::type'],
  [{ 'Fn::Select': [5, ['a']] }, 'Template error: Fn::Select cannot select nonexistent value at index 5'],
  [{ 'Fn::If': ['None', 1, 2] }, 'Template error: unresolved condition dependency None'],
  [{ 'Fn::Nothing': [] }, 'Template error: Fn::Nothing is not a supported function'],
  [{ Ref: 'None' }, 'Template format error: Unresolved resource dependencies [None] in the Resources block of the template'],
])('%j is an error', (value, message) => {
  expect(() => evaluate(value, scope)).toThrow(message);
});

test('YAML is read with the short form of functions, and what looks like a date stays text', () => {
  const { Resources } = parseTemplate(`
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
      Name: !Sub "\${AWS::StackName}-role"
      Arn: !GetAtt Other.Endpoint.Address
      Zone: !Select [0, !GetAZs ""]
      If: !If [Yes, !Ref A, !Ref "AWS::NoValue"]
`);
  expect(Resources.Role.Properties).toEqual({
    AssumeRolePolicyDocument: { Version: '2012-10-17' },
    Name: { 'Fn::Sub': '${AWS::StackName}-role' },
    Arn: { 'Fn::GetAtt': ['Other', 'Endpoint.Address'] },
    Zone: { 'Fn::Select': [0, { 'Fn::GetAZs': '' }] },
    If: { 'Fn::If': ['Yes', { Ref: 'A' }, { Ref: 'AWS::NoValue' }] },
  });
  expect(() => parseTemplate('a: [')).toThrow('Template format error: YAML not well-formed.');
  expect(() => parseTemplate('{"a": ')).toThrow('Template format error: JSON not well-formed.');
});

describe('parameters', () => {
  const template: Template = {
    ...TEMPLATE,
    Parameters: { Size: { Type: 'String', AllowedValues: ['small', 'large'] }, Ids: { Type: 'CommaDelimitedList', Default: 'a, b' }, Pattern: { Type: 'String', Default: 'x', AllowedPattern: '[a-z]+' } },
  };
  const read = (...given: GivenParameter[]) => stackParameters(template, given, undefined, async () => new Map());
  const one = (key: string, value: string): GivenParameter => ({ key, value, usePrevious: false });

  test('have a value that their declaration allows', async () => {
    await expect(read()).rejects.toThrow('Parameters: [Size] must have values');
    await expect(read(one('Size', 'huge'))).rejects.toThrow('Parameter \'Size\' must be one of AllowedValues');
    await expect(read(one('Size', 'small'), one('Pattern', 'X1'))).rejects.toThrow('Parameter \'Pattern\' must match pattern [a-z]+');
    await expect(read(one('Size', 'small'), one('None', '1'))).rejects.toThrow('Parameters: [None] do not exist in the template');
  });

  test('are lists where their type is one', async () => {
    const parameters = await read(one('Size', 'small'));
    const nothing = { importValue: () => undefined, zones: () => [] };
    const withParameters = scopeOf(template, parameters, PLACE, nothing, { ref: () => undefined, attribute: () => undefined });
    expect(evaluate([{ Ref: 'Size' }, { Ref: 'Ids' }], withParameters)).toEqual(['small', ['a', 'b']]);
  });
});
