import { randomUUID } from 'crypto';
import type { CommandRequest } from './command-records';
import type { SsmCall } from './ssm-service';
import { ApiError } from '../protocol/api-error';

const DEFAULT_SECONDS = 3600;
const LEAST_TIMEOUT_SECONDS = 30;
const MOST_TIMEOUT_SECONDS = 2_592_000;
const MOST_INSTANCES = 50;
const MOST_COMMENT = 100;
/** What the document lets pass; the agent takes anything else for the default. */
const EXECUTION_TIMEOUT = /^(([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800))$/;
const LEAST_EXECUTION_SECONDS = 5;

const MEMBERS = [
  'InstanceIds', 'Targets', 'DocumentName', 'DocumentVersion', 'DocumentHash', 'DocumentHashType', 'TimeoutSeconds', 'Comment', 'Parameters',
  'OutputS3Region', 'OutputS3BucketName', 'OutputS3KeyPrefix', 'MaxConcurrency', 'MaxErrors', 'ServiceRoleArn', 'NotificationConfig',
  'CloudWatchOutputConfig', 'AlarmConfiguration',
];

/** Reads a SendCommand, with the faults that AWS finds in one. */
export function readSendCommand(call: SsmCall, now: number, maxBytes: number): CommandRequest {
  const { input } = call;
  const unknown = Object.keys(input).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) { throw new ApiError('ValidationException', `Unknown member ${unknown}`); }
  if (input.Targets !== undefined) { throw new ApiError('ValidationException', 'The emulated cloud knows InstanceIds only, no Targets'); }
  const documentName = String(input.DocumentName ?? '');
  if (documentName !== 'AWS-RunShellScript') { throw new ApiError('InvalidDocument', `Document with name ${documentName} does not exist.`); }
  const instanceIds = strings(input.InstanceIds, 'instanceIds');
  if (instanceIds.length === 0) { throw new ApiError('InvalidParameterCombination', 'Either instance IDs or targets are required'); }
  if (instanceIds.length > MOST_INSTANCES) { throw invalid('instanceIds', `Member must have length less than or equal to ${MOST_INSTANCES}`); }
  const comment = String(input.Comment ?? '');
  if (comment.length > MOST_COMMENT) { throw invalid('comment', `Member must have length less than or equal to ${MOST_COMMENT}`); }
  const timeout = Number(input.TimeoutSeconds ?? DEFAULT_SECONDS);
  if (!(timeout >= LEAST_TIMEOUT_SECONDS)) { throw invalid('timeoutSeconds', `Member must have value greater than or equal to ${LEAST_TIMEOUT_SECONDS}`); }
  if (timeout > MOST_TIMEOUT_SECONDS) { throw invalid('timeoutSeconds', `Member must have value less than or equal to ${MOST_TIMEOUT_SECONDS}`); }
  const parameters = readParameters(input.Parameters);
  if (Buffer.byteLength(JSON.stringify(parameters)) > maxBytes) {
    throw new ApiError('MaxDocumentSizeExceeded', `The size limit of a document is ${maxBytes} bytes.`);
  }
  return {
    commandId: randomUUID(),
    account: call.account,
    region: call.region,
    documentName,
    instanceIds,
    comment,
    parameters,
    requestedAt: now,
    timeoutMs: timeout * 1000,
    executionMs: executionSeconds(parameters.executionTimeout?.[0]) * 1000,
  };
}

function readParameters(given: unknown): { [name: string]: readonly string[] } {
  const parameters = (given ?? {}) as { [name: string]: unknown };
  const known = ['commands', 'workingDirectory', 'executionTimeout'];
  const unknown = Object.keys(parameters).find((name) => !known.includes(name));
  if (unknown !== undefined) { throw new ApiError('InvalidParameters', `${unknown} is not a parameter of document AWS-RunShellScript.`); }
  const read = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, strings(value, `parameters.${name}`)]));
  if (!read.commands?.length) { throw new ApiError('InvalidParameters', 'The parameter commands is required by document AWS-RunShellScript.'); }
  const timeout = read.executionTimeout?.[0];
  if (timeout !== undefined && !EXECUTION_TIMEOUT.test(timeout)) {
    throw new ApiError('InvalidParameters', `executionTimeout ${timeout} does not match ${EXECUTION_TIMEOUT.source}.`);
  }
  return read;
}

function executionSeconds(text: string | undefined): number {
  const seconds = Number(text ?? DEFAULT_SECONDS);
  return seconds >= LEAST_EXECUTION_SECONDS ? seconds : DEFAULT_SECONDS;
}

function strings(value: unknown, name: string): string[] {
  if (value === undefined) { return []; }
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw new ApiError('SerializationException', `${name} has to be a list of texts`);
  }
  return value as string[];
}

function invalid(member: string, constraint: string): ApiError {
  return new ApiError('ValidationException', `1 validation error detected: Value at '${member}' failed to satisfy constraint: ${constraint}`);
}
