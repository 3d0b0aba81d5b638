@echo off
rem Runs the Maven pinned in .mvn\maven.properties on a JDK 25 or newer, wherever
rem that JDK is installed. The arguments go to Maven as they are.
setlocal DisableDelayedExpansion

set "MVNW_JDK=25"
set "MVNW_FOUND="
set "MVNW_BEST=999"
call :consider "%JAVA_HOME%"
if defined MVNW_FOUND goto found
for %%j in (java.exe) do if not "%%~$PATH:j"=="" call :consider "%%~dp$PATH:j.."
for %%d in (
  "%ProgramFiles%\Eclipse Adoptium" "%ProgramFiles%\Java" "%ProgramFiles%\OpenJDK"
  "%ProgramFiles%\Microsoft" "%ProgramFiles%\Zulu" "%ProgramFiles%\Amazon Corretto"
  "%ProgramFiles%\BellSoft" "%LOCALAPPDATA%\Programs\Eclipse Adoptium"
  "%LOCALAPPDATA%\mise\installs\java" "%USERPROFILE%\.jdks" "%USERPROFILE%\.gradle\jdks"
) do call :consider_all %%d
call :consider_all "%USERPROFILE%\scoop\apps" \current
if defined MVNW_FOUND goto found
>&2 echo mvnw: No JDK %MVNW_JDK% or newer found. Install one:
>&2 echo mvnw:   winget install EclipseAdoptium.Temurin.%MVNW_JDK%.JDK
>&2 echo mvnw: If it is still not found, set JAVA_HOME to its directory.
exit /b 1

:found
set "JAVA_HOME=%MVNW_FOUND%"
set "MVNW_version="
set "MVNW_sha512="
for /f "usebackq eol=# tokens=1,2 delims==" %%k in ("%~dp0.mvn\maven.properties") do set "MVNW_%%k=%%l"
if not defined MVNW_version goto unpinned
if not defined MVNW_sha512 goto unpinned
set "MVNW_KEY=%MVNW_sha512:~0,12%"
set "MVNW_CACHE=%MAVEN_USER_HOME%"
if not defined MVNW_CACHE set "MVNW_CACHE=%USERPROFILE%\.m2"
for %%c in ("%MVNW_CACHE%\wrapper\dists\apache-maven-%MVNW_version%") do set "MVNW_CACHE=%%~fc"
if exist "%MVNW_CACHE%\%MVNW_KEY%\bin\mvn.cmd" goto run
set "MVNW_SELF=%~f0"
powershell -NoProfile -ExecutionPolicy Bypass -Command "$self = [IO.File]::ReadAllText($env:MVNW_SELF); & ([scriptblock]::Create($self.Substring($self.IndexOf('# Power' + 'Shell'))))"
if errorlevel 1 exit /b 1

:run
rem Not by "call", which doubles the carets in the arguments. Returns here only if there is no such file.
"%MVNW_CACHE%\%MVNW_KEY%\bin\mvn.cmd" %*
exit /b 1

:unpinned
>&2 echo mvnw: No version or no sha512 in %~dp0.mvn\maven.properties
exit /b 1

rem Considers each directory in the first argument, the second put behind its name.
:consider_all
if not exist "%~1\" exit /b 0
pushd "%~1"
for /d %%d in (*) do call :consider "%%~fd%~2"
popd
exit /b 0

rem Takes the given JDK if it is recent enough and older than the best so far.
:consider
if "%~1"=="" exit /b 0
if not exist "%~1\bin\javac.exe" exit /b 0
if not exist "%~1\release" exit /b 0
set "MVNW_RELEASE=0"
for /f "usebackq tokens=1,2 delims==" %%k in ("%~1\release") do (
  if "%%k"=="JAVA_VERSION" for /f "delims=.-+" %%n in ("%%~l") do set "MVNW_RELEASE=%%n"
)
if %MVNW_RELEASE% lss %MVNW_JDK% exit /b 0
if %MVNW_RELEASE% geq %MVNW_BEST% exit /b 0
set "MVNW_BEST=%MVNW_RELEASE%"
set "MVNW_FOUND=%~f1"
exit /b 0

# PowerShell from here on: puts Maven into the cache.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$version = $env:MVNW_version
$name = "apache-maven-$version"
$target = Join-Path $env:MVNW_CACHE $env:MVNW_KEY
$work = Join-Path $env:MVNW_CACHE ('.new-' + [guid]::NewGuid())
$zip = Join-Path $work "$name-bin.zip"
$url = "https://archive.apache.org/dist/maven/maven-$($version.Split('.')[0])/$version/binaries/$name-bin.zip"
$failed = $false

function Say($text) { [Console]::Error.WriteLine("mvnw: $text") }

function Test-Zip {
  if (-not (Test-Path -LiteralPath $zip)) { return $false }
  $actual = (Get-FileHash -Algorithm SHA512 -LiteralPath $zip).Hash
  if ($actual -eq $env:MVNW_sha512) { return $true }
  Say "What came is not the pinned Maven: its SHA-512 is $actual."
  Remove-Item -LiteralPath $zip
  return $false
}

try {
  # The empty .mvn ends Maven's search for one, should the cache lie inside a project.
  $null = New-Item -ItemType Directory -Force -Path (Join-Path $work '.mvn')
  Say "Installing Maven $version in $target"
  if (Get-Command mvn -CommandType Application -ErrorAction SilentlyContinue) {
    Push-Location -LiteralPath $work
    cmd /d /c "mvn -B -q org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy -Dartifact=org.apache.maven:apache-maven:${version}:zip:bin -DoutputDirectory=. >log 2>&1"
    if ($LASTEXITCODE -ne 0) {
      Say 'The mvn on PATH could not get it:'
      Get-Content log | ForEach-Object { [Console]::Error.WriteLine($_) }
    }
    Pop-Location
  }
  if (-not (Test-Zip)) {
    Say "Downloading $url"
    [Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12
    Invoke-WebRequest -UseBasicParsing -Uri $url -OutFile $zip
    if (-not (Test-Zip)) { throw 'The download is not usable.' }
  }
  Expand-Archive -LiteralPath $zip -DestinationPath $work
  # Fails if another run was first, and then that one serves.
  try { [IO.Directory]::Move((Join-Path $work $name), $target) }
  catch { if (-not (Test-Path -LiteralPath (Join-Path $target 'bin\mvn.cmd'))) { throw } }
} catch {
  $failed = $true
  Say $_.Exception.Message
  Say "No Maven $version. Put a mvn that reaches your artifact repository on PATH, or unpack"
  Say "$url so that $target\bin\mvn.cmd exists."
} finally {
  Remove-Item -Recurse -Force -LiteralPath $work -ErrorAction SilentlyContinue
}
if ($failed) { exit 1 }
