#!/usr/bin/env node
import { runProgram } from './otterize-program.ts';

const { stdout, stderr, code } = await runProgram(process.argv.slice(2), process.env);
process.stderr.write(stderr);
process.stdout.write(stdout);
process.exitCode = code;
