import { buildSync } from 'esbuild';

/** Bundles a program as the command is; loading its sources anew for each process would take longer than most of what it does. */
export function bundleProgram(source: string, outfile: string): void {
  buildSync({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['cpu-features', './ec2-wiring'],
    mainFields: ['module', 'main'],
    supported: { 'dynamic-import': false },
    loader: { '.node': 'empty', '.sh': 'text' },
    logLevel: 'error',
  });
}
