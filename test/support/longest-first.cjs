const { basename } = require('path');
const Sequencer = require('@jest/test-sequencer').default;

/** Suites that take minutes, the longest first: none of them is to begin when the others are over. */
const LONG = ['ec2-scenarios-ssm', 'ec2-scenarios-ssh', 'python', 'codebuild-ends', 'ssm', 'ec2-kills', 'cdk-deploy-places', 'cdk-deploy-chains', 'cdk-deploy', 'cdk-cli', 'cloud-tools', 'codebuild'];

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => (LONG.indexOf(basename(path, '.e2e.ts')) + LONG.length + 1) % (LONG.length + 1);
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
};
