// Run the jobs of a JSON file inside CPython for WebAssembly; one JSON answer per line.
// Called by run_versions.py: node pyodide_runner.mjs PYODIDE_FOLDER JOBS RUNNER CASES_FOLDER
import fs from "node:fs";
const [pyodide, jobs, runner, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pyodide + "/pyodide.mjs");
const python = await loadPyodide();
python.FS.mkdirTree(folder);
python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, folder);
python.FS.writeFile("/home/runner.py", fs.readFileSync(runner, "utf8"));
python.globals.set("JOBS", fs.readFileSync(jobs, "utf8"));
python.setStdout({ batched: (line) => process.stdout.write(line + "\n") });
python.runPython(`
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
sys.dont_write_bytecode = True
sys.path.insert(0, "/home")
import runner
print("#", sys.version)
for job in json.loads(JOBS):
    answer = runner.run_case(job["root"], job["entry"])
    importlib.invalidate_caches()
    answer["id"] = job["id"]
    print(json.dumps(answer))
`);
