import { App, Stack } from 'aws-cdk-lib';
import { Vpc, type IVpc } from 'aws-cdk-lib/aws-ec2';
import ts from 'typescript';
import type { Snippet } from './snippets';
import { AmiImage } from '../../lib/image/ami-image';
import { Source } from '../../lib/image/sources/source';

/** What snippets may take for granted; see prelude.ts. */
export interface Given {
  readonly app: App;
  readonly stack: Stack;
  readonly image: AmiImage;
  readonly other: AmiImage;
  readonly vpc: IVpc;
}

/** All that a snippet may take for granted, made anew. */
export function given(): Given {
  const app = new App();
  const stack = new Stack(app, 'Given');
  const image = new AmiImage(stack, 'Image', { source: Source.debian('12') });
  const other = new AmiImage(stack, 'Other', { source: Source.debian('12') });
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'], privateSubnetIds: ['subnet-1'] });
  return { app, stack, image, other, vpc };
}

/** Runs a snippet, and returns its app: the one that it makes, else the one that it was given. */
export function runSnippet({ file, line, code }: Snippet, values: Given): App {
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true };
  const script = ts.transpileModule(code, { compilerOptions }).outputText;
  try {
    // In a block of its own, so that a snippet may declare by itself what it is given.
    return new Function('require', 'exports', ...Object.keys(values), `{ ${script}\nreturn app; }`)(require, {}, ...Object.values(values)) as App;
  } catch (error) {
    throw new Error(`${file}:${line}: ${(error as Error).message}`, { cause: error });
  }
}
