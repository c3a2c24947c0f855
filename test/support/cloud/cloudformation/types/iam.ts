import { ask, documentText, pick, tagsOf, unless } from './ask';
import { itemsAt, textAt } from '../../protocol/xml';
import type { Made, Properties, ResourceContext, ResourceType } from '../resource-type';
import type { ResourceTypes } from '../resource-types';

const GONE = ['NoSuchEntity'];

const role: ResourceType = {
  takes: ['AssumeRolePolicyDocument', 'Description', 'ManagedPolicyArns', 'MaxSessionDuration', 'Path', 'PermissionsBoundary', 'Policies', 'RoleName', 'Tags'],
  isTagged: true,
  recreatedBy: ['Path', 'RoleName'],
  create: async (context, properties) => {
    const { RoleName = context.newName({ most: 64 }), AssumeRolePolicyDocument } = properties;
    const root = await ask(context, 'iam', 'CreateRole', {
      RoleName,
      AssumeRolePolicyDocument: documentText(AssumeRolePolicyDocument),
      ...pick(properties, 'Description', 'MaxSessionDuration', 'Path', 'PermissionsBoundary'),
      Tags: tagsOf(context, properties.Tags),
    });
    context.announce(RoleName);
    await grant(context, RoleName, {}, properties);
    return { physicalId: RoleName, attributes: { Arn: textAt(root, 'Role', 'Arn'), RoleId: textAt(root, 'Role', 'RoleId') } };
  },
  update: async (context, properties, { physicalId: RoleName, attributes, properties: before }) => {
    await ask(context, 'iam', 'UpdateAssumeRolePolicy', { RoleName, PolicyDocument: documentText(properties.AssumeRolePolicyDocument) });
    if (properties.Description !== before.Description || properties.MaxSessionDuration !== before.MaxSessionDuration) {
      await ask(context, 'iam', 'UpdateRole', { RoleName, ...pick(properties, 'Description', 'MaxSessionDuration') });
    }
    await grant(context, RoleName, before, properties);
    const Tags = tagsOf(context, properties.Tags);
    if (Tags.length > 0) { await ask(context, 'iam', 'TagRole', { RoleName, Tags }); }
    return { physicalId: RoleName, attributes };
  },
  delete: async (context, { physicalId: RoleName }) => {
    await unless(GONE, (async () => {
      const attached = await ask(context, 'iam', 'ListAttachedRolePolicies', { RoleName });
      for (const policy of itemsAt(attached, 'AttachedPolicies')) {
        await ask(context, 'iam', 'DetachRolePolicy', { RoleName, PolicyArn: textAt(policy, 'PolicyArn') });
      }
      const inline = await ask(context, 'iam', 'ListRolePolicies', { RoleName });
      for (const { text } of itemsAt(inline, 'PolicyNames')) { await ask(context, 'iam', 'DeleteRolePolicy', { RoleName, PolicyName: text.trim() }); }
      await ask(context, 'iam', 'DeleteRole', { RoleName });
    })());
  },
};

/** Policies that a role is to have, instead of those that it had. */
async function grant(context: ResourceContext, RoleName: string, before: Properties, after: Properties): Promise<void> {
  const { ManagedPolicyArns: had = [], Policies: hadInline = [] } = before;
  const { ManagedPolicyArns: has = [], Policies: inline = [] } = after;
  for (const PolicyArn of has) { if (!had.includes(PolicyArn)) { await attach(context, RoleName, PolicyArn); } }
  for (const PolicyArn of had) { if (!has.includes(PolicyArn)) { await unless(GONE, ask(context, 'iam', 'DetachRolePolicy', { RoleName, PolicyArn })); } }
  for (const { PolicyName, PolicyDocument } of inline) { await ask(context, 'iam', 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument: documentText(PolicyDocument) }); }
  for (const { PolicyName } of hadInline) {
    if (!inline.some((one: Properties) => one.PolicyName === PolicyName)) { await unless(GONE, ask(context, 'iam', 'DeleteRolePolicy', { RoleName, PolicyName })); }
  }
}

function attach(context: ResourceContext, RoleName: string, PolicyArn: string): Promise<unknown> {
  return ask(context, 'iam', 'AttachRolePolicy', { RoleName, PolicyArn });
}

const policy: ResourceType = {
  takes: ['PolicyDocument', 'PolicyName', 'Roles'],
  recreatedBy: ['PolicyName'],
  create: async (context, properties) => {
    await putPolicy(context, properties);
    return { physicalId: context.newName({ most: 64 }) };
  },
  update: async (context, properties, { physicalId, properties: { PolicyName, Roles = [] } }) => {
    await putPolicy(context, properties);
    for (const RoleName of Roles) {
      if (!properties.Roles?.includes(RoleName)) { await unless(GONE, ask(context, 'iam', 'DeleteRolePolicy', { RoleName, PolicyName })); }
    }
    return { physicalId };
  },
  delete: async (context, { properties: { PolicyName, Roles = [] } }) => {
    for (const RoleName of Roles) { await unless(GONE, ask(context, 'iam', 'DeleteRolePolicy', { RoleName, PolicyName })); }
  },
};

async function putPolicy(context: ResourceContext, { PolicyDocument, PolicyName, Roles = [] }: Properties): Promise<void> {
  for (const RoleName of Roles) { await ask(context, 'iam', 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument: documentText(PolicyDocument) }); }
}

const managedPolicy: ResourceType = {
  takes: ['Description', 'ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
  recreatedBy: ['Description', 'ManagedPolicyName', 'Path'],
  create: async (context, properties) => {
    const { ManagedPolicyName = context.newName({ most: 128 }), PolicyDocument, Roles = [] } = properties;
    const root = await ask(context, 'iam', 'CreatePolicy', {
      PolicyName: ManagedPolicyName, PolicyDocument: documentText(PolicyDocument), ...pick(properties, 'Description', 'Path'),
    });
    const physicalId = textAt(root, 'Policy', 'Arn');
    context.announce(physicalId);
    for (const RoleName of Roles) { await attach(context, RoleName, physicalId); }
    return { physicalId, attributes: { PolicyArn: physicalId } };
  },
  update: async (context, { PolicyDocument, Roles = [] }, { physicalId: PolicyArn, properties: before }): Promise<Made> => {
    const versions = itemsAt(await ask(context, 'iam', 'ListPolicyVersions', { PolicyArn }), 'Versions').map((one) => textAt(one, 'VersionId'));
    await ask(context, 'iam', 'CreatePolicyVersion', { PolicyArn, PolicyDocument: documentText(PolicyDocument), SetAsDefault: true });
    for (const VersionId of versions) { await ask(context, 'iam', 'DeletePolicyVersion', { PolicyArn, VersionId }); }
    for (const RoleName of Roles) { await attach(context, RoleName, PolicyArn); }
    for (const RoleName of before.Roles ?? []) { if (!Roles.includes(RoleName)) { await unless(GONE, ask(context, 'iam', 'DetachRolePolicy', { RoleName, PolicyArn })); } }
    return { physicalId: PolicyArn, attributes: { PolicyArn } };
  },
  delete: async (context, { physicalId: PolicyArn, properties: { Roles = [] } }) => {
    for (const RoleName of Roles) { await unless(GONE, ask(context, 'iam', 'DetachRolePolicy', { RoleName, PolicyArn })); }
    await unless(GONE, ask(context, 'iam', 'DeletePolicy', { PolicyArn }));
  },
};

const instanceProfile: ResourceType = {
  takes: ['InstanceProfileName', 'Path', 'Roles'],
  recreatedBy: ['InstanceProfileName', 'Path', 'Roles'],
  create: async (context, properties) => {
    const { InstanceProfileName = context.newName({ most: 128 }), Roles = [] } = properties;
    const root = await ask(context, 'iam', 'CreateInstanceProfile', { InstanceProfileName, ...pick(properties, 'Path') });
    context.announce(InstanceProfileName);
    for (const RoleName of Roles) { await ask(context, 'iam', 'AddRoleToInstanceProfile', { InstanceProfileName, RoleName }); }
    return { physicalId: InstanceProfileName, attributes: { Arn: textAt(root, 'InstanceProfile', 'Arn') } };
  },
  delete: async (context, { physicalId: InstanceProfileName, properties: { Roles = [] } }) => {
    for (const RoleName of Roles) { await unless(GONE, ask(context, 'iam', 'RemoveRoleFromInstanceProfile', { InstanceProfileName, RoleName })); }
    await unless(GONE, ask(context, 'iam', 'DeleteInstanceProfile', { InstanceProfileName }));
  },
};

export const IAM_TYPES: ResourceTypes = {
  'AWS::IAM::Role': role, 'AWS::IAM::Policy': policy, 'AWS::IAM::ManagedPolicy': managedPolicy, 'AWS::IAM::InstanceProfile': instanceProfile,
};
