import { describeScenarios } from '../support/scenario-suite';

describe('a build over ssh', () => describeScenarios('ssh'));
