import type { Xml } from '../../protocol/xml';
import type { Definition, Stack, StackEvent, StackResource } from '../stack';
import { isHidden, parameterValue } from '../stack-parameters';

export function stackXml(stack: Stack): Xml {
  const { definition, outputs } = stack;
  return {
    StackId: stack.id,
    StackName: stack.name,
    Description: definition?.template.Description,
    Parameters: definition && parametersXml(definition),
    CreationTime: new Date(stack.createdAt),
    LastUpdatedTime: stack.updatedAt === undefined ? undefined : new Date(stack.updatedAt),
    DeletionTime: stack.deletedAt === undefined ? undefined : new Date(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DisableRollback: stack.disableRollback,
    NotificationARNs: definition?.notificationArns ?? [],
    Capabilities: definition?.capabilities ?? [],
    Outputs: outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key, OutputValue: value, Description: description, ExportName: exportName,
    })),
    RoleARN: definition?.roleArn,
    Tags: Object.entries(definition?.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    EnableTerminationProtection: stack.terminationProtection,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

export function parametersXml({ template, parameters }: Definition): Xml {
  return [...parameters].map(([ParameterKey, parameter]) => {
    const declaration = template.Parameters![ParameterKey];
    const value = parameterValue(declaration, parameter);
    return {
      ParameterKey,
      ParameterValue: isHidden(declaration) ? '****' : parameter.value,
      ResolvedValue: parameter.resolved === undefined ? undefined : String(value),
    };
  });
}

export function summaryXml(stack: Stack): Xml {
  return {
    StackId: stack.id,
    StackName: stack.name,
    TemplateDescription: stack.definition?.template.Description,
    CreationTime: new Date(stack.createdAt),
    LastUpdatedTime: stack.updatedAt === undefined ? undefined : new Date(stack.updatedAt),
    DeletionTime: stack.deletedAt === undefined ? undefined : new Date(stack.deletedAt),
    StackStatus: stack.status,
    StackStatusReason: stack.reason,
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
  };
}

export function resourceXml({ id, name }: Stack, resource: StackResource): { readonly [name: string]: Xml } {
  const { logicalId, made, type, status, reason, updatedAt } = resource;
  return {
    StackId: id,
    StackName: name,
    LogicalResourceId: logicalId,
    PhysicalResourceId: made.physicalId || undefined,
    ResourceType: type,
    ResourceStatus: status,
    ResourceStatusReason: reason,
    DriftInformation: { StackResourceDriftStatus: 'NOT_CHECKED' },
    Timestamp: new Date(updatedAt),
    LastUpdatedTimestamp: new Date(updatedAt),
  };
}

export function eventXml({ id, name }: Stack, event: StackEvent): { readonly [name: string]: Xml } {
  return {
    StackId: id,
    EventId: event.id,
    StackName: name,
    OperationId: event.operationId,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: new Date(event.at),
    ResourceStatus: event.status,
    ResourceStatusReason: event.reason,
    ResourceProperties: event.properties && JSON.stringify(event.properties),
    ClientRequestToken: event.clientToken,
  };
}
