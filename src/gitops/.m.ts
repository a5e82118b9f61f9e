import { parseDocument, visit, isMap } from 'yaml';
const time=(n:string,t:string)=>{const s=performance.now();let r='';try{const d=parseDocument(t,{uniqueKeys:false});r=d.errors.map(e=>e.code).slice(0,2).join()||'ok';const p=performance.now();try{d.toJS()}catch(e){r+=' toJS:'+(e as Error).message.slice(0,40)};r+=' js '+(performance.now()-p|0)}catch(e){r='THROW '+(e as Error).message};console.log(n,t.length,performance.now()-s|0,'ms',r)};
const K=256*1024;
const fill=(f:(i:number)=>string)=>{let o='';for(let i=0;o.length<K-40;i++)o+=f(i);return o};
time('flat',fill(i=>`k${i}: v\n`));time('flat2',fill(i=>`k${i}:\n`));
time('flow','{'+fill(i=>`k${i}: v, `)+'}');time('flow2','a: {'+fill(i=>`k${i},`)+'}');time('flow3','a: ['+fill(i=>`k${i}:,`)+']');
time('deepseq','a: '+'['.repeat(K/2)+']'.repeat(K/2));time('deep open','['.repeat(K));time('deepmap','{a:'.repeat(K/8)+'}'.repeat(K/8));
time('dashes','- '.repeat(K/2)); time('dashes3','- '.repeat(3000)+'a'); time('q','? '.repeat(K/2));
{let o='';for(let i=0;i<700;i++)o+=' '.repeat(i)+'a:\n';time('deepblock',o)}
time('docs',fill(()=>'---\n'));time('anchors','a: &a [1]\n'+fill(i=>`k${i}: *a\n`));time('anchors2',fill(i=>`k${i}: &a${i} x\n`));time('anchors3',fill(i=>`k${i}: &a${i} x\nl${i}: *a${i}\n`));
time('comments',fill(()=>'#\n'));time('blank','a:\n'+'\n'.repeat(K-10)+'  b: 1');time('spaces',' '.repeat(K-10)+'a');time('colons',':'.repeat(K-1));time('commas','['+','.repeat(K-3)+']');time('errors',fill(()=>'}\n'));time('errs2',fill(()=>']: '));time('quote','"'+ 'a\n'.repeat(K/2-2)+'"');time('plain multi','a: b\n'+'  c\n'.repeat(K/4-5));time('tabs','a:\n'+fill(()=>'\tb: 1\n'));time('q"','"a": '.repeat(K/5)); time('bangs',fill(()=>'!!str '));time('amps',fill(()=>'&a '));time('pipe',fill(i=>`k${i}: |\n x\n`));time('crlf',fill(i=>`k${i}:\r\n`)); time('dir', fill(()=>'%YAML 1.2\n')); time('nested open brace {{', fill(()=>'{{ x }}\n')); time('single', fill(()=>"''")); time('seqinline', fill(()=>"- a\n"));
