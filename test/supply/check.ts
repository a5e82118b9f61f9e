import { readFileSync } from 'node:fs';
import {
  dockerfileProblems,
  dockerignoreProblems,
  type Lock,
  lockProblems,
  type Manifest,
  versionProblems,
} from './rules.ts';

// Part of `npm run check`: says what is wrong with what Holt is made of, and ends with 1 if anything is.
const read = (file: string): string => readFileSync(file, 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const problems = [
  ...versionProblems(manifest),
  ...lockProblems(JSON.parse(read('package-lock.json')) as Lock, manifest),
  ...dockerfileProblems(read('Dockerfile'), manifest),
  ...dockerignoreProblems(read('.dockerignore')),
];
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
