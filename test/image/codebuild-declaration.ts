import { mkdtempSync, realpathSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { declareImage } from './declaration';
import type { AmiImage } from '../../lib/image/ami-image';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import type { CodeBuildOptions } from '../../lib/image/codebuild/code-build-options';
import { Delivery } from '../../lib/image/delivery';

export const env = { account: '111122223333', region: 'eu-west-1' };

/** A folder for assemblies. They hold the engine, so they are removed. */
export class Assemblies {
  readonly folder = mkdtempSync(join(realpathSync(tmpdir()), 'codebuild-'));
  private count = 0;

  app(outdir = join(this.folder, `app-${this.count += 1}`)): App {
    return new App({ outdir });
  }

  stack(app = this.app(), id = 'Images'): Stack {
    return new Stack(app, id, { env });
  }

  /** The template of a stack with one image. */
  template(options: (stack: Stack) => CodeBuildOptions = () => ({}), props: Partial<AmiImageProps> = {}): Template {
    const stack = this.stack();
    imageIn(stack, options(stack), props);
    return Template.fromStack(stack);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** An image that CodeBuild builds. */
export function imageIn(stack: Stack, options: CodeBuildOptions = {}, props: Partial<AmiImageProps> = {}): AmiImage {
  return declareImage({ ...props, delivery: Delivery.codeBuild(options) }, stack);
}

export type Resources = { readonly [id: string]: { readonly Type: string; readonly Properties: any; readonly DependsOn?: readonly string[] } };

/** Properties of the first resource of a type. */
export function propertiesOf(template: Template, type: string): any {
  return Object.values(template.findResources(type))[0].Properties;
}
