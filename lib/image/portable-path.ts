import { isAbsolute, relative, sep } from 'path';
import { Token } from 'aws-cdk-lib';

/** Relative to the folder that the app runs in; `path.join(__dirname, ...)` is absolute without anybody having meant it. */
export function portablePath(path: string): string {
  if (Token.isUnresolved(path)) { return path; }
  const fromHere = relative(process.cwd(), path);
  const outside = fromHere.split(sep)[0] === '..' || isAbsolute(fromHere);
  return isAbsolute(path) && outside ? path : fromHere;
}
