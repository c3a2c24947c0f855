import { spawn, type ChildProcess } from 'child_process';
import { once } from 'events';
import { setTimeout as sleep } from 'timers/promises';
import { whileFrozen } from '../../../lib/hosts/sandbox/freeze';
import { allProcesses, argumentsOf, childrenOf, findProcess } from '../../../lib/hosts/sandbox/process-table';

/** As sudo does, it stands still when it sees its child stand still, and then waits for somebody to wake it. */
const LIKE_SUDO = 'use POSIX ":sys_wait_h"; my $p = fork; if (!$p) { sleep 1002; exit }'
  + '$SIG{CHLD} = sub { kill "STOP", $$ if waitpid($p, WNOHANG | WUNTRACED) > 0 && WIFSTOPPED(${^CHILD_ERROR_NATIVE}) }; sleep 1003 while 1';

/** A PID namespace of its own needs root. */
const asRoot = process.getuid?.() === 0 ? describe : describe.skip;

asRoot('freezing the processes of a namespace', () => {
  let outer: ChildProcess;
  let leader: number;
  beforeEach(async () => {
    outer = spawn('unshare', ['--pid', '--fork', '--kill-child=SIGKILL', 'sh', '-c', 'sleep 1000 & unshare --pid --fork sleep 1001 & i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done']);
    await once(outer.stdout!, 'data');
    leader = childrenOf(outer.pid!)[0].pid;
    await sleep(100);
  });
  afterEach(() => { outer.kill('SIGKILL'); });

  test('nothing of it runs meanwhile, in namespaces below it neither, and all of it goes on afterwards', async () => {
    let lines = 0;
    outer.stdout!.on('data', () => { lines++; });
    await whileFrozen(leader, async () => {
      await sleep(50);
      const before = lines;
      await sleep(200);
      expect(lines).toBe(before);
      expect(findProcess(leader)?.state).toBe('T');
      expect(sleepers()).toEqual(['T', 'T']);
    });
    const after = lines;
    await sleep(200);
    expect(lines).toBeGreaterThan(after);
    expect(sleepers()).toEqual(['S', 'S']);
  });

  test('it goes on where the act fails', async () => {
    await expect(whileFrozen(leader, async () => { throw new Error('no'); })).rejects.toThrow('no');
    expect(findProcess(leader)?.state).not.toBe('T');
  });

  test('a parent that stands still when its child does goes on, too', async () => {
    const parent = spawn('unshare', ['--pid', '--fork', '--kill-child=SIGKILL', 'sh', '-c', 'perl -e "$0" & wait', LIKE_SUDO]);
    await sleep(300);
    const [init] = childrenOf(parent.pid!);
    const [perl] = childrenOf(init.pid);
    const [child] = childrenOf(perl.pid);
    try {
      for (let time = 0; time < 10; time++) {
        await whileFrozen(init.pid, async () => { expect([findProcess(perl.pid)?.state, findProcess(child.pid)?.state]).toEqual(['T', 'T']); });
        await sleep(20);
        expect([findProcess(perl.pid)?.state, findProcess(child.pid)?.state]).toEqual(['S', 'S']);
      }
    } finally {
      parent.kill('SIGKILL');
    }
  });

  /** States of the two that only sleep. */
  function sleepers(): string[] {
    const below = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child.pid, ...below(child.pid)]);
    const mine = new Set(below(leader));
    return allProcesses().filter(({ pid }) => mine.has(pid) && /^100[01]$/.test(argumentsOf(pid)[1])).map(({ state }) => state);
  }
});
