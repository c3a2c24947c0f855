/** One room of `lib/`: a folder, or a single file. */
export interface Room {
  readonly name: string;
  /** A room that is one file, `lib/<name>.ts`. */
  readonly file?: boolean;
  /** The rooms it may import from. */
  readonly mayImport: readonly string[];
  /** Which half of the product it belongs to: the building half ships as one bundled file. */
  readonly half: 'declaring' | 'contract' | 'building';
}

/** Who may import whom. Read by the linter's configuration and by the architecture test. */
export const rooms: readonly Room[] = [
  { name: 'errors', file: true, half: 'contract', mayImport: [] },
  { name: 'process', file: true, half: 'contract', mayImport: ['errors'] },
  { name: 'plan', half: 'contract', mayImport: ['errors'] },
  { name: 'policies', half: 'contract', mayImport: ['plan', 'errors'] },
  { name: 'image', half: 'declaring', mayImport: ['plan', 'policies', 'errors'] },
  { name: 'assertions', half: 'declaring', mayImport: ['image', 'plan', 'errors'] },
  { name: 'testing', half: 'declaring', mayImport: ['plan', 'process', 'errors'] },
  { name: 'index', file: true, half: 'declaring', mayImport: ['image', 'assertions'] },
  { name: 'ports', half: 'building', mayImport: ['plan', 'errors'] },
  { name: 'verify', half: 'building', mayImport: ['plan', 'ports', 'errors'] },
  { name: 'engine', half: 'building', mayImport: ['plan', 'ports', 'verify', 'errors'] },
  { name: 'communicators', half: 'building', mayImport: ['plan', 'ports', 'process', 'errors'] },
  { name: 'hosts', half: 'building', mayImport: ['plan', 'policies', 'ports', 'process', 'errors'] },
  { name: 'cli', half: 'building', mayImport: ['plan', 'policies', 'ports', 'verify', 'engine', 'communicators', 'hosts', 'process', 'errors'] },
];

/** Packages behind one door: pattern of the module name, and the places that may import it. */
export const doors: Readonly<Record<string, readonly string[]>> = {
  '^ssh2$': ['lib/communicators/ssh'],
  '^ws$': ['lib/communicators/ssm'],
  '^@aws-sdk/client-ssm$': ['lib/communicators/ssm', 'lib/hosts/ec2'],
  '^(@aws-sdk/(?!client-ssm(/|$))[^/]+|@smithy/[^/]+)$': ['lib/hosts/ec2'],
  '^proxy-from-env$': ['lib/hosts/ec2'],
  '^(aws-cdk-lib|constructs)(/|$)': ['lib/image', 'lib/assertions'],
  '^(node:)?child_process$': ['lib/process.ts'],
};
