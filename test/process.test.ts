import { run } from '../lib/process';

test('a program whose time is up is not waited for longer, though something of it lives on and holds its streams', async () => {
  const begin = Date.now();
  let pid = '';
  const running = run(['sh', '-c', 'setsid sleep 60 & echo $!; wait'], { timeoutMs: 200, onStdout: (data) => { pid += data.toString(); } });
  await expect(running).rejects.toMatchObject({ code: 'timed-out' });
  expect(Date.now() - begin).toBeLessThan(20_000);
  process.kill(Number(pid), 'SIGKILL');
}, 70_000);
