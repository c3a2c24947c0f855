import { awscdk, javascript, JsonPatch } from 'projen';
import { doors, rooms } from './test/architecture/rooms';

const project = new awscdk.AwsCdkConstructLibrary({
  name: 'cdk-golden-image',
  description: 'Machine images as AWS CDK constructs: declared in code, unit-tested, built, checked and proven bootable.',
  author: 'The cdk-golden-image authors',
  authorAddress: 'cdk-golden-image@users.noreply.github.com',
  repositoryUrl: 'https://github.com/cdk-golden-image/cdk-golden-image.git',
  license: 'Apache-2.0',
  stability: 'experimental',
  keywords: ['awscdk', 'aws-cdk', 'ami', 'ec2', 'machine-image', 'image-builder', 'packer', 'golden-image'],

  packageManager: javascript.NodePackageManager.NPM,
  minNodeVersion: '20.16.0',
  cdkVersion: '2.189.1',
  constructsVersion: '10.5.1',
  jsiiVersion: '~5.9.0',
  typescriptVersion: '~5.9.0',

  srcdir: 'lib',
  libdir: 'lib',
  testdir: 'test',
  tsconfigDev: { compilerOptions: { isolatedModules: true, skipLibCheck: true } },

  bundledDeps: ['ajv@^8'],
  // What of these the command needs ends up in its one file, never in the dependencies of a user.
  devDeps: [
    '@aws-sdk/client-auto-scaling@^3.1138',
    '@aws-sdk/client-cloudformation@^3.1138',
    '@aws-sdk/client-cloudwatch-logs@^3.1138',
    '@aws-sdk/client-codebuild@^3.1138',
    '@aws-sdk/client-eventbridge@^3.1138',
    '@aws-sdk/client-lambda@^3.1138',
    '@aws-sdk/client-sns@^3.1138',
    '@aws-sdk/client-ec2@^3.1138',
    '@aws-sdk/client-iam@^3.1138',
    '@aws-sdk/client-s3@^3.1138',
    '@aws-sdk/client-secrets-manager@^3.1138',
    '@aws-sdk/client-ssm@^3.1138',
    '@aws-sdk/client-sts@^3.1138',
    '@aws-sdk/s3-request-presigner@^3.1138',
    '@smithy/node-http-handler@^4',
    'js-yaml@^4',
    '@types/ws@^8',
    'aws-cdk@^2.1148',
    '@types/node@^20',
    '@types/proxy-from-env@^1',
    '@types/ssh2@^1',
    '@types/tar-stream@^3',
    'commander@^14',
    'dependency-cruiser@~16.10',
    'esbuild@^0.28',
    'fast-check@^4',
    'minimatch@^10',
    'proxy-from-env@^1',
    're2js@^2',
    'semver@^7',
    '@types/semver@^7',
    'ssh2@^1.17',
    'tar-stream@^3',
    'ts-json-schema-generator@~2.3',
    'tsx@^4',
    'ws@^8',
  ],

  // What the package is called in the other languages of the CDK.
  publishToPypi: { distName: 'cdk-golden-image', module: 'cdk_golden_image' },
  publishToMaven: { javaPackage: 'io.github.cdkgoldenimage', mavenGroupId: 'io.github.cdk-golden-image', mavenArtifactId: 'cdk-golden-image' },
  publishToGo: { moduleName: 'github.com/cdk-golden-image/cdk-golden-image-go' },

  autoDetectBin: false,
  bin: { golden: 'bin/golden.js' },

  projenrcTs: true,
  github: false,
  release: false,
  buildWorkflow: false,
  depsUpgrade: false,
  pullRequestTemplate: false,
  gitpod: false,
  sampleCode: false,
  docgen: true,
  eslintOptions: { dirs: ['lib', 'test', 'examples'], ignorePatterns: ['*.js', '*.d.ts', 'node_modules/', 'cdk.out/', 'golden.out/', 'coverage/'], fileExtensions: ['.ts'], devdirs: ['test', 'examples'] },
  jestOptions: {
    // Compiled files lie beside the sources; tests must run the sources.
    jestConfig: {
      moduleFileExtensions: ['ts', 'js', 'json', 'node'],
      roots: ['<rootDir>/test', '<rootDir>/examples'],
      collectCoverage: false,
      // Suites that start real programs share the cores.
      testTimeout: 60_000,
      testMatch: ['<rootDir>/test/**/*.test.ts', '<rootDir>/examples/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/', '\\.machine\\.test\\.ts$'],
      // The examples import the package by its name, as users do.
      moduleNameMapper: {
        '^cdk-golden-image$': '<rootDir>/lib/index.ts',
        '^cdk-golden-image/assertions$': '<rootDir>/lib/assertions/image-plan.ts',
        '^cdk-golden-image/testing$': '<rootDir>/lib/testing/test-machine.ts',
      },
      modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/dist'],
    },
    junitReporting: false,
  },
  gitignore: ['/bin/', 'cdk.out/', 'golden.out/', '.DS_Store', '*.tsbuildinfo', '/lib/**/*.js', '/lib/**/*.d.ts', 'examples/**/*.js', 'examples/**/*.d.ts'],
});

// Of 1.13.0 not every platform's binary is published, and `npm ci` refuses a lock file that cannot name them all.
project.package.addPackageResolutions('unrs-resolver@1.12.2');

// --- package -------------------------------------------------------------------------------------------------------
project.package.addField('exports', {
  '.': { types: './lib/index.d.ts', default: './lib/index.js' },
  './assertions': { types: './lib/assertions/image-plan.d.ts', default: './lib/assertions/image-plan.js' },
  './testing': { types: './lib/testing/test-machine.d.ts', default: './lib/testing/test-machine.js' },
  './package.json': './package.json',
  './.jsii': './.jsii',
  './.warnings.jsii.js': './.warnings.jsii.js',
});
project.npmignore?.exclude('/lib/**/*.ts', '/examples/', '/rosetta/', '/.ci/', '/.projenrc.ts', '/tsconfig.json', 'cdk.out/', 'golden.out/', 'node_modules/');
project.npmignore?.include('/lib/**/*.d.ts', '/bin/golden.js', '/bin/engine.js', '/bin/ec2-wiring.js', '/bin/THIRD-PARTY-NOTICES');
// The building half ships as one bundled file (bin/engine.js); its modules are not part of the package.
for (const room of rooms.filter((r) => r.half === 'building')) {
  project.npmignore?.exclude(`/lib/${room.name}/**`);
}

// --- tasks ---------------------------------------------------------------------------------------------------------
const schema = project.addTask('plan-schema', {
  description: 'Generate the JSON schema of a plan from its types',
  exec: 'tsx test/support/plan-schema.ts',
});
project.preCompileTask.spawn(schema);

const bundle = project.addTask('bundle:golden', {
  description: 'Bundle the building half: what starts it, itself, and what only the host ec2 needs',
  exec: 'tsx test/support/bundle.ts',
});
project.postCompileTask.spawn(bundle);

const CLOUD_SUITES = '(ec2|cloud|ssm|cdk|codebuild|python|sandbox-kills|ordinary-user-image)[^/]*';
project.addTask('test:e2e', {
  description: 'Slow suites on real machines (needs root, see README)',
  exec: `jest --testMatch "<rootDir>/test/e2e/**/*.e2e.ts" "<rootDir>/examples/**/*.machine.test.ts" --testPathIgnorePatterns /node_modules/ "/test/e2e/${CLOUD_SUITES}$" --testTimeout 300000 --runInBand`,
  receiveArgs: true,
});
/* What deploys, and what is killed, waits more than it works: all of it runs beside each other. Some of the kills of a build are among them. */
project.addTask('test:cloud', {
  description: 'Slow suites on the emulated AWS, whose machines are real; deployments and some killed builds among them (needs root)',
  exec: 'jest --testMatch "<rootDir>/test/e2e/+(ec2|cloud|ssm|cdk|codebuild|python)*.e2e.ts" --testPathIgnorePatterns /node_modules/ ec2-faults '
    + '--testTimeout 300000 --testSequencer ./test/support/longest-first.cjs --maxWorkers 3',
  env: { KILLS: 'some' },
  receiveArgs: true,
});
project.addTask('test:deploy', {
  description: 'Of those, the suites of the command line of the CDK, which deploys images (needs root)',
  exec: 'jest --testMatch "<rootDir>/test/e2e/+(cdk|codebuild|python)*.e2e.ts" --testPathIgnorePatterns /node_modules/ --testTimeout 300000 --maxWorkers 3',
  receiveArgs: true,
});
project.addTask('test:faults', {
  description: 'A build on EC2 that is killed at every record of its journal, and meets a fault at each of its calls (needs root)',
  exec: 'jest --testMatch "<rootDir>/test/e2e/ec2-+(kills|faults).e2e.ts" --testPathIgnorePatterns /node_modules/ --maxWorkers 1',
  receiveArgs: true,
});
project.addTask('test:kills', {
  description: 'A build on the sandbox that is killed at every record of its journal, and two builders of one image (needs root; KILLS=some: a part of it)',
  exec: 'jest --testMatch "<rootDir>/test/e2e/sandbox-kills.e2e.ts" --testPathIgnorePatterns /node_modules/ --testTimeout 600000',
  receiveArgs: true,
});
project.addTask('test:user', {
  description: 'A whole image by a user who is not root: in a user namespace and under QEMU (needs root, to make that user)',
  exec: 'jest --testMatch "<rootDir>/test/e2e/ordinary-user-image.e2e.ts" --testPathIgnorePatterns /node_modules/ --testTimeout 600000',
  receiveArgs: true,
});
project.addTask('test:languages', {
  description: 'The library in Java and in Go: each declares the image of an example, and has its hash (needs Maven with a JDK, Go, and their registries)',
  exec: 'sh test/languages/twins.sh',
  receiveArgs: true,
});
project.addTask('typecheck', { description: 'Type-check tests and examples', exec: 'tsc --noEmit -p test/tsconfig.json' });
project.addTask('bench:sandbox', { description: 'Speed of the sandbox host, as figures', exec: 'tsx test/bench/sandbox.ts', receiveArgs: true });
project.addTask('cloud', { description: 'Start an emulated AWS, to try the ec2 host without an account', exec: 'tsx test/support/cloud/main.ts', receiveArgs: true });
project.addTask('bench', { description: 'Side by side with Packer, as a table of medians and ratios', exec: 'tsx test/bench/packer.ts', receiveArgs: true });
project.addTask('bench:many', { description: '100 images at once under the request buckets of EC2', exec: 'tsx test/bench/many.ts', receiveArgs: true });
project.addTask('test:account', {
  description: 'The scenario suite of the ec2 host on a real account (see docs/real-account.md)',
  exec: 'jest --testMatch "<rootDir>/test/e2e/ec2-scenarios-*.e2e.ts" --testPathIgnorePatterns /node_modules/ --testTimeout 1800000 --runInBand',
  env: { GOLDEN_ACCOUNT: 'real' },
  receiveArgs: true,
});
project.package.setScript('quickstart', 'sh examples/quickstart.sh');
project.package.setScript('verify', 'sh test/verify.sh');

// --- lint: the architecture, as far as a linter sees it (test/architecture holds the rest) ---------------------------
project.eslint?.addRules({
  'max-lines': ['error', { max: 300 }],
  'max-len': 'off', // in favour of the stylistic one
  'no-bitwise': 'off', // file modes and sizes
  '@typescript-eslint/member-ordering': 'off', // what belongs together stands together
  '@stylistic/max-len': ['error', { code: 150, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true, ignoreRegExpLiterals: true, ignoreComments: true }],
  'no-console': 'error',
  'import/no-extraneous-dependencies': 'off', // the doors below, and the packed-tarball test, say more
  'import/no-restricted-paths': ['error', {
    zones: rooms.map((room) => ({
      target: `./lib/${room.name}`,
      from: './lib',
      except: [room.name, ...room.mayImport].map((n) => (rooms.some((r) => r.name === n && !r.file) ? `./${n}` : `./${n}.ts`)),
    })).filter((z) => !rooms.find((r) => z.target === `./lib/${r.name}`)?.file),
  }],
  'no-restricted-imports': ['error', {
    patterns: Object.entries(doors).map(([pattern, door]) => ({ regex: pattern, message: `Only ${door.join(', ')} may import this.` })),
  }],
});
project.eslint?.addOverride({ files: ['lib/cli/**', 'test/**', 'examples/**', '.projenrc.ts'], rules: { 'no-console': 'off' } });
project.eslint?.addOverride({ files: ['test/**', 'examples/**', '.projenrc.ts'], rules: { 'no-restricted-imports': 'off', 'import/no-restricted-paths': 'off' } });
for (const [pattern, door] of Object.entries(doors)) {
  const others = Object.entries(doors).filter(([p, d]) => p !== pattern && !d.some((path) => door.includes(path)));
  project.eslint?.addOverride({
    files: door.map((path) => (path.endsWith('.ts') ? path : `${path}/**`)),
    rules: { 'no-restricted-imports': ['error', { patterns: others.map(([regex, d]) => ({ regex, message: `Only ${d.join(', ')} may import this.` })) }] },
  });
}

project.tryFindObjectFile('test/tsconfig.json')?.patch(JsonPatch.add('/include/-', '../examples/**/*.ts'));

project.synth();
