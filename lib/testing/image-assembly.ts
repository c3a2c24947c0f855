import { GoldenError } from '../errors';

/** An `AmiImage`, as far as a test of it needs one. */
export interface ImageConstruct {
  readonly node: { readonly path: string; readonly root: object };
}

/** An image of an app that is synthesised by a command, or was synthesised already. */
export interface ImageOfApp {
  /** Command that synthesises the app, such as `python3 app.py`, or the folder of an assembly. */
  readonly app: string;
  /** Construct path of the image, such as `Images/Web`. */
  readonly image: string;
}

/** Where the plan of an image is. Synthesises the app of a construct, unless that was done. Errors: `no-app`. */
export function assemblyOf(image: ImageConstruct | ImageOfApp): ImageOfApp {
  if ('app' in image) { return image; }
  const { path, root } = image.node;
  const synth = (root as { readonly synth?: () => { readonly directory: string } }).synth;
  if (typeof synth !== 'function') {
    throw new GoldenError('no-app', `${path} is in no app`, { kind: 'usage', path, hint: 'Declare its stack in an App.' });
  }
  return { app: synth.call(root).directory, image: path };
}
