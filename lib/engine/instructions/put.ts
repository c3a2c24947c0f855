import { join, posix } from 'path';
import { holdWord, type MachineHandler } from './machine-handler';
import type { PutInstruction } from '../../plan/instructions';
import { isNumber, putArchive } from '../bundle/put-archive';

/** Places a file or folder. An owner given as a number needs no looking up on the machine. */
export const putHandler: MachineHandler<PutInstruction> = {
  place: 'machine',
  pack(instruction, { index, hold, assetFolder }) {
    const { content, destination, owner, group, origin } = instruction;
    const byName = (name: string) => (isNumber(name) ? '' : name);
    return {
      index,
      origin,
      call: ['put', String(index), holdWord(hold), byName(owner), byName(group), posix.dirname(destination)],
      files: [putArchive(`${index}.tar`, instruction, 'asset' in content ? join(assetFolder, content.asset) : undefined)],
      expectDisconnect: false,
    };
  },
};
