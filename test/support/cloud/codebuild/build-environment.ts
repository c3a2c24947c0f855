import { dirname } from 'path';
import type { Build } from './build';
import type { Buildspec } from './buildspec';
import { callJson, type Caller } from '../service-client';

export interface BuildPlaces {
  /** Where the source lies. */
  readonly source: string;
  readonly home: string;
  /** Where credentials of the service role are to be had. */
  readonly credentialsUrl: string;
}

/** The environment that the commands of a build begin with. */
export async function environmentOf(build: Build, spec: Buildspec, places: BuildPlaces, caller: Caller): Promise<NodeJS.ProcessEnv> {
  const { project } = build;
  return {
    ...spec.variables,
    ...await valuesOf(spec.parameters, caller),
    ...await ofBuild(build, caller),
    PATH: `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    HOME: places.home,
    // The home of containers has no other credentials.
    AWS_CONTAINER_CREDENTIALS_FULL_URI: places.credentialsUrl,
    // Where the host is a number, clients of S3 leave it as it is.
    AWS_ENDPOINT_URL: caller.endpoint.replace('localhost', '127.0.0.1'),
    AWS_REGION: project.region,
    AWS_DEFAULT_REGION: project.region,
    CI: 'true',
    CODEBUILD_CI: 'true',
    CODEBUILD_BUILD_ARN: build.arn,
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_IMAGE: project.environment.image,
    CODEBUILD_BUILD_NUMBER: String(build.number),
    CODEBUILD_BUILD_SUCCEEDING: '1',
    CODEBUILD_EXECUTION_ROLE_BUILD: '',
    CODEBUILD_INITIATOR: build.initiator,
    CODEBUILD_KMS_KEY_ID: project.encryptionKey,
    CODEBUILD_LOG_PATH: build.stream,
    CODEBUILD_PROJECT_UUID: build.uuid,
    CODEBUILD_SOURCE_REPO_URL: project.source.location ?? '',
    CODEBUILD_SOURCE_VERSION: build.sourceVersion ?? '',
    CODEBUILD_SRC_DIR: places.source,
    CODEBUILD_START_TIME: String(build.startTime),
  };
}

async function ofBuild(build: Build, caller: Caller): Promise<NodeJS.ProcessEnv> {
  const plain = build.variables.filter(({ type = 'PLAINTEXT' }) => type === 'PLAINTEXT');
  const parameters = build.variables.filter(({ type }) => type === 'PARAMETER_STORE');
  return {
    ...Object.fromEntries(plain.map(({ name, value }) => [name, value])),
    ...await valuesOf(Object.fromEntries(parameters.map(({ name, value }) => [name, value])), caller),
  };
}

async function valuesOf(names: { readonly [variable: string]: string }, caller: Caller): Promise<NodeJS.ProcessEnv> {
  const values = await Promise.all(Object.entries(names).map(async ([variable, Name]) => {
    const { Parameter } = await callJson(caller, 'ssm', 'AmazonSSM.GetParameter', { Name, WithDecryption: true }) as { readonly Parameter: { readonly Value: string } };
    return [variable, Parameter.Value];
  }));
  return Object.fromEntries(values) as NodeJS.ProcessEnv;
}
