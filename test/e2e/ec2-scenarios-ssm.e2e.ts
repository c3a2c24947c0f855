import { describeScenarios } from '../support/scenario-suite';

describe('a build over ssm', () => describeScenarios('ssm'));
