import { readFileSync } from 'fs';
import { join } from 'path';
import type { Check, CheckType } from '../plan/checks';
import type { Instruction, RunInstruction } from '../plan/instructions';

/** Where the work of a machine that is not booted ends. */
export interface BootPoint {
  /** Index of the first instruction that needs a booted machine. */
  readonly index: number;
  /** Completes the sentence "A booted machine is needed: ...". */
  readonly reason: string;
}

/** What they ask for is there only where services run. A command may ask for anything. */
const LIVE_TYPES: readonly CheckType[] = ['port', 'process', 'command'];

/** So much of a script is looked at; what is longer is hardly one that people wrote. */
const LOOKED_AT = 1 << 20;

/** Looks whether systemd runs, as sd_booted(3) has it: who asks has an answer to both. */
const KNOWS_BOTH = '/run/systemd/system';

/** Changes links on the disk, and needs nobody to run. */
const OFFLINE_SYSTEMCTL = /\bsystemctl(?:[ \t]+-[\w-]+)*[ \t]+(?:enable|disable|reenable|mask|unmask|preset|is-enabled|set-default|get-default)\b(?![^\n;&|]*--now)/g;

/** What speaks to the system's manager, or to what it runs. */
const LIVE = /\b(?:systemctl|journalctl|loginctl|hostnamectl|timedatectl|localectl|resolvectl|networkctl|machinectl|busctl|systemd-run|systemd-resolve|dbus-send|gdbus|invoke-rc\.d|initctl|reboot|shutdown|poweroff)\b|(?:^|[\s;&|(])service[ \t]+\S|\/etc\/init\.d\/|\blocalhost\b|\b127\.0\.0\.1\b/m;

/** The first instruction that needs a booted machine, as far as its text says. Undefined: none. */
export function bootPoint(instructions: readonly Instruction[], assetFolder: string): BootPoint | undefined {
  for (const [index, instruction] of instructions.entries()) {
    const reason = reasonToBoot(instruction, assetFolder);
    if (reason !== undefined) { return { index, reason: `instruction ${index + 1} (${instruction.origin}) ${reason}` }; }
  }
  return undefined;
}

/** Whether a check is about the disk only, and so can be held against a machine that is not booted. */
export function isOfDisk({ type, attributes }: Check): boolean {
  return !LIVE_TYPES.includes(type) && !(type === 'service' && 'running' in attributes);
}

function reasonToBoot(instruction: Instruction, assetFolder: string): string | undefined {
  switch (instruction.type) {
    case 'reboot':
      return 'restarts the machine';
    case 'check': {
      const live = instruction.checks.find((check) => !isOfDisk(check));
      return live && `checks a ${live.type}`;
    }
    case 'run': {
      if (instruction.expectDisconnect) { return 'may restart the machine'; }
      const word = liveWord(textOf(instruction, assetFolder));
      return word && `calls for ${word}`;
    }
    default:
      return undefined;
  }
}

function liveWord(text: string): string | undefined {
  if (text.includes(KNOWS_BOTH)) { return undefined; }
  return LIVE.exec(text.replace(/^\s*#.*$/gm, '').replace(OFFLINE_SYSTEMCTL, ''))?.[0].trim().split(/\s/)[0];
}

function textOf({ script, arguments: words }: RunInstruction, assetFolder: string): string {
  const text = 'text' in script ? script.text : readFileSync(join(assetFolder, script.asset), 'latin1').slice(0, LOOKED_AT);
  return [text, ...words].join('\n');
}
