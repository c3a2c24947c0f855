import { commandProbe } from './command';
import { fileProbe } from './file';
import { groupProbe } from './group';
import { packageProbe } from './package';
import { portProbe } from './port';
import type { Probe } from './probe';
import { processProbe } from './process';
import { serviceProbe } from './service';
import { userProbe } from './user';
import type { CheckType } from '../../plan/checks';

/** How each type of check looks at a machine. */
export const PROBES: Readonly<Record<CheckType, Probe>> = {
  command: commandProbe,
  file: fileProbe,
  package: packageProbe,
  service: serviceProbe,
  user: userProbe,
  group: groupProbe,
  port: portProbe,
  process: processProbe,
};
