import { BuildSpec } from 'aws-cdk-lib/aws-codebuild';
import { quoteAll } from '../../plan/shell';

/** What a build is started for, beside building: a variable of its environment. */
export const TASK = 'GOLDEN_TASK';

/** Removes the image. */
export const DESTROY = 'destroy';

/** Builds from what the source is by now. */
export const NEWER_SOURCE = 'newer-source';

export interface BuildspecOptions {
  /** Path of the engine in the source. */
  readonly engine: string;
  /** Path of the script that makes the source complete. */
  readonly restoreScript: string;
  /** Variables of the environment with names that only the deployment knows. */
  readonly bucketVariable: string;
  readonly aliasVariable: string;
  readonly statePrefix: string;
  /** Whether the container takes its Node.js from those that CodeBuild has for its own images. */
  readonly ownRuntimes: boolean;
}

/** What CodeBuild runs. The engine decides how a build ends. */
export function buildspec({ engine, restoreScript, bucketVariable, aliasVariable, statePrefix, ownRuntimes }: BuildspecOptions): BuildSpec {
  const golden = (...words: readonly string[]) => quoteAll(['node', engine, ...words, '--app', '.', '--host', 'ec2']);
  const build = `${golden('build')} --state "s3://$${bucketVariable}/${statePrefix}" --staging-bucket "$${bucketVariable}"`;
  return BuildSpec.fromObject({
    version: '0.2',
    phases: {
      ...ownRuntimes ? { install: { 'runtime-versions': { nodejs: '22' } } } : {},
      build: {
        commands: [quoteAll(['sh', restoreScript]), [
          `case "$${TASK}" in`,
          `${DESTROY}) ${golden('destroy', '--yes')} ;;`,
          `${NEWER_SOURCE}) ${build} --newer-source --alias "$${aliasVariable}" ;;`,
          `*) ${build} ;;`,
          'esac',
        ].join('\n')],
      },
    },
  });
}
