import type { Instruction } from '../plan/instructions';

const SHOWN = 60;

/** What an instruction does, in a line for people. Nothing secret is part of a plan. */
export function instructionLabel(instruction: Instruction): string {
  switch (instruction.type) {
    case 'run': return 'text' in instruction.script ? `run ${firstLine(instruction.script.text)}` : 'run a script';
    case 'put': return `put ${instruction.destination}`;
    case 'get': return `get ${instruction.source}`;
    case 'local': return `local ${firstLine(instruction.command.join(' '))}`;
    case 'pause': return `pause ${instruction.seconds} s`;
    case 'check': return `check ${instruction.checks.length} statements`;
    case 'reboot': return 'reboot';
  }
}

/** What every script begins with says nothing. */
function firstLine(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !/^(#|set -)/.test(line));
  const [line = ''] = lines;
  return `${line.slice(0, SHOWN)}${line.length > SHOWN || lines.length > 1 ? '…' : ''}`;
}
