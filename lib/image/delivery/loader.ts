/**
 * Finds the assembly that a plan lies in, and lets its engine build the image. The CDK runs it with the working folder of the
 * user, and prints it whole when it fails, so it is short. Its arguments: the assembly as seen from the folder that synthesised
 * it, the digest of the plan, and the command line with the plan as seen from the assembly.
 *
 * An assembly that was moved is one that the CDK's command line or cdk.json names, or what that is nested in. It is the right one
 * where the plan has the digest, so nothing is built from an assembly that merely lies there.
 *
 * It has what Node gives to every `-e`: `fs`, `path`, `crypto` and `child_process`.
 */
export const LOADER = [
  'let [at,digest,command,option,plan,...rest]=process.argv.slice(1),ppid=`${process.ppid}`,found',
  'let words=(read,by)=>{try{return`${read()}`.split(by)}catch{}}',
  'let named=words(()=>fs.readFileSync(`/proc/${ppid}/cmdline`),"\\0")||words(()=>child_process.execFileSync("ps",["-wwo","args=","-p",ppid]),/\\s/)||[]',
  'let json={};try{json=JSON.parse(fs.readFileSync("cdk.json"))}catch{}',
  'for(let name of [process.env.GOLDEN_ASSEMBLY,at,...named.map(x=>x.replace(/^--?[a-z-]+=/,"")),...Object.values(json),"cdk.out","."])if(name&&!found)try{'
  + 'let dir=fs.realpathSync(name);if(fs.statSync(dir).isFile())dir=path.dirname(dir);while(/^assembly-/.test(path.basename(dir)))dir=path.dirname(dir);'
  + 'let file=path.join(dir,plan),engine=path.join(dir,"golden/golden.js");fs.accessSync(engine);'
  + 'if(crypto.createHash("sha256").update(fs.readFileSync(file)).digest("hex")==digest)found=[engine,command,option,file]}catch{}',
  'if(found){process.argv.splice(1,1/0,...found,...rest);require(found[0])}'
  + 'else{console.error(`not built\\n\\nThe assembly with ${plan} was not found. Say where it is: GOLDEN_ASSEMBLY=cdk.out cdk deploy ...`);process.exitCode=1}',
].join(';');
