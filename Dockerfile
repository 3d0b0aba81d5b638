# Base images are named by tag and digest, in these lines themselves: Dependabot moves no digest that is in an ARG.
FROM maven:3.9-eclipse-temurin-25@sha256:93b8a14ea2f412782e4e842651273b4d903e35cc496284f178fbbe2d67d00976 AS build
WORKDIR /build
COPY .mvn .mvn
COPY .springjavaformatconfig pom.xml ./
COPY src/main src/main
COPY clients/flyte clients/flyte
# What was fetched stays between builds, and nothing is fetched that only tests need.
RUN --mount=type=cache,target=/root/.m2/repository mvn -B -ntp -Dmaven.test.skip package \
    && java -Djarmode=tools -jar target/dejavu.jar extract --destination target/app

FROM maven:3.9-eclipse-temurin-25@sha256:93b8a14ea2f412782e4e842651273b4d903e35cc496284f178fbbe2d67d00976 AS java
# The JVM's options (see the file itself) are kept in the runtime: an AOT cache is of use only to a JVM with the options
# of the one that made it. JAVA_TOOL_OPTIONS and JDK_JAVA_OPTIONS come after them and win.
# Of the jdk.* modules: what the libraries look for, Kerberos and DNS for PostgreSQL's driver, jcmd and JFR for us.
COPY src/main/jvm/java.options /
RUN jlink --output /java \
    --add-modules java.se,jdk.jcmd,jdk.jfr,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.security.auth,jdk.security.jgss,jdk.unsupported,jdk.zipfs \
    --strip-java-debug-attributes --no-header-files --no-man-pages --compress zip-6 \
    --add-options="$(grep -v '^#' /java.options | tr '\n' ' ')"

FROM debian:bookworm-slim@sha256:3783cc01769c7b2b1b83a5c5ad96c815348e28ed7da68e2e3687004faa906251 AS run
ENV PATH=/opt/java/bin:$PATH LANG=C.UTF-8
RUN useradd --uid 10001 --no-log-init --no-create-home --home-dir /data --shell /usr/sbin/nologin dejavu \
    && install -d -o dejavu -g root -m 770 /data
COPY --from=java /java /opt/java
WORKDIR /app
COPY --from=build /build/target/app/lib lib
COPY --from=build /build/target/app/dejavu.jar ./

FROM run AS trained
COPY src/main/jvm/train /
RUN /train java -XX:AOTCacheOutput=dejavu.aot -jar dejavu.jar

FROM run
LABEL org.opencontainers.image.title="Dejavu" \
      org.opencontainers.image.description="The team-shared cache of image checks and code bundles for Flyte" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=trained /app/dejavu.aot /app/libsqlitejdbc.so ./
COPY src/main/jvm/healthcheck ./
# Fails where the AOT cache or SQLite's library is of no use, which would otherwise pass in silence.
RUN DEJAVU_HOME=/tmp/check java -XX:AOTCache=dejavu.aot -XX:AOTMode=on -Dorg.sqlite.lib.path=/app \
        -Dorg.sqlite.tmpdir=/proc -Dspring.context.exit=onRefresh -jar dejavu.jar \
    && rm -rf /tmp/*
ENV SERVER_ADDRESS=0.0.0.0 DEJAVU_HOME=/data
# Any user of the group root may run it, as OpenShift has it; this one where nobody says which.
USER 10001
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=24 CMD ["/app/healthcheck"]
ENTRYPOINT ["java", "-XX:AOTCache=dejavu.aot", "-Dorg.sqlite.lib.path=/app", "-jar", "dejavu.jar"]
