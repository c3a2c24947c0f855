/** The version of this package. Read this way, and not imported, as it lies outside the folder that is compiled; the bundle has it inside. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
export const VERSION: string = (require('../../package.json') as { readonly version: string }).version;
