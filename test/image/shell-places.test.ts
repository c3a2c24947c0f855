import { spawnSync } from 'child_process';
import { HOLE, shellPlaces } from '../../lib/image/lowering/shell-places';

/** A token is written as @. */
const places = (script: string) => shellPlaces(script.replace(/@/g, HOLE));

const SCRIPTS: [string, string, ReturnType<typeof shellPlaces>][] = [
  ['an argument', 'echo @', ['bare']],
  ['a part of a word', 'printf %s s3://@/site', ['bare']],
  ['an assignment', 'a=@; printf %s "$a"', ['bare']],
  ['text between double quotes', 'echo "in @!"', ['quoted']],
  ['a quote behind a backslash', 'echo \\"@\\" "\\"@"', ['bare', 'quoted']],
  ['an apostrophe between double quotes', 'echo "it\'s @"', ['quoted']],
  ['text behind single quotes', 'echo \'it\'"@"\' is\'@', ['quoted', 'bare']],
  ['a command substitution', 'a=$(echo @); echo "$a" "$(echo @ "@")@"', ['bare', 'bare', 'quoted', 'quoted']],
  ['a subshell', '(echo @)', ['bare']],
  ['a pattern of case', 'case @ in a) echo 1 ;; @) echo "@" ;; esac', ['bare', 'bare', 'quoted']],
  ['a comment', 'echo 1 # it\'s @\necho "@"', ['comment', 'quoted']],
  ['a number sign that begins no comment', 'echo a#@ $#@', ['bare', 'bare']],
  ['a here-document', 'cat <<END\nit\'s @ and "@" and $(echo @)\nEND\necho @', ['quoted', 'quoted', 'bare', 'bare']],
  ['a here-document with tabs', 'cat <<-END\n\t@\n\tEND\necho "@"', ['quoted', 'quoted']],
  ['two here-documents', 'cat <<A; cat <<B\n@\nA\nit\'s @\nB\necho @', ['quoted', 'quoted', 'bare']],
  ['a parameter expansion before it', 'a=1; echo ${a:-"x"}@ "${a#*/}@" "$a@"', ['bare', 'quoted', 'quoted']],
  ['arithmetic before it', 'echo $((1 << 2))@ "$((2 * (3 + 1)))@"', ['bare', 'quoted']],
];

test.each(SCRIPTS)('a value can be put into %s', (_, script, expected) => {
  expect(places(script)).toEqual(expected);
});

// What a real shell makes of it: one argument, whatever is in it.
test.each(SCRIPTS)('a shell puts it into %s', (_, script, expected) => {
  const value = '* $(exit 3) \\ "it\'s"';
  const written = script.split('@').reduce((text, part, index) => `${text}${expected[index - 1] === 'bare' ? '"${VALUE}"' : '${VALUE}'}${part}`);
  const { stdout, status } = spawnSync('/bin/sh', ['-eu', '-c', written], { env: { PATH: process.env.PATH, VALUE: value }, encoding: 'utf8' });
  const shown = expected.filter((place) => place !== 'comment').length;
  expect(status).toBe(0);
  expect(stdout.split(value).length - 1).toBe(script.startsWith('case') ? 1 : shown);
});

test.each([
  ['between single quotes', 'su app -c \'echo @\''],
  ['between single quotes', 'echo $\'a @\''],
  ['in a here-document whose end is quoted', 'cat <<\'END\'\n@\nEND'],
  ['in a here-document whose end is quoted', 'cat <<E"N"D\n@\nEND'],
  ['in the end of a here-document', 'cat <<@\nx\n@'],
  ['between backquotes', 'echo `echo @`'],
  ['right behind a backslash', 'echo \\@'],
  ['right behind a dollar sign', 'echo "$@"'],
  ['in ${...}', 'echo ${a:-@}'],
  ['in an arithmetic expression', 'echo $((@ + 1))'],
  ['in an arithmetic expression', '((@ > 1))'],
  ['behind a case in $(...)', 'echo "$(case $a in b) echo c ;; esac) @"'],
  ['behind a single quote in "${...}"', 'echo "${a:-it\'s}" @'],
  ['behind \\\' in $\'...\'', 'echo $\'it\\\'s\' @'],
])('a value is refused %s: %s', (refused, script) => {
  expect(places(script)).toContainEqual({ refused });
});
