package dev.dejavu.storage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.dao.DataAccessException;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.transaction.support.TransactionTemplate;

import dev.dejavu.testing.SettableClock;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.attribute.PosixFilePermissions.fromString;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatNoException;

class SqliteFileTests {

    private static final String ASIDE = "cache.db.damaged-20260131T093000.250Z";

    @TempDir
    private Path folder;

    private final AtomicInteger reports = new AtomicInteger();

    @ParameterizedTest
    @ValueSource(strings = { "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "fuse.sshfs", "fuse.juicefs" })
    void networkDriveIsRejectedByName(String type) {
        assertThatIOException().isThrownBy(() -> SqliteFile.requireLocal(new TypedStore(type)))
            .withMessageContaining("network drive, " + type)
            .withMessageContaining("PostgreSQL");
    }

    @ParameterizedTest
    @ValueSource(
            strings = { "ext4", "xfs", "btrfs", "overlay", "tmpfs", "apfs", "NTFS", "9p", "fuse.grpcfuse", "virtiofs" })
    void driveOfThisMachineIsAccepted(String type) {
        assertThatNoException().isThrownBy(() -> SqliteFile.requireLocal(new TypedStore(type)));
    }

    @Test
    void foldersAreCreatedAndContentIsStored() throws Exception {
        Path path = folder.resolve("a/b/cache.db");
        write(path, 3);
        assertThat(rows(path)).isEqualTo(3);
    }

    @Test
    void fileIsForThisUserAlone() throws Exception {
        Path path = folder.resolve("private/cache.db");
        try (SqliteFile file = open(path); Connection connection = file.connect()) {
            assertThat(connection.createStatement().executeUpdate("create table t (n int)")).isZero();
            assertThat(Files.getPosixFilePermissions(path.getParent())).isEqualTo(fromString("rwx------"));
            for (String suffix : new String[] { "", "-wal", "-shm" }) {
                assertThat(Files.getPosixFilePermissions(Path.of(path + suffix))).as(suffix)
                    .isEqualTo(fromString("rw-------"));
            }
        }
    }

    @Test
    void fileThatIsNotADatabaseIsMovedAside() throws Exception {
        Path path = folder.resolve("cache.db");
        Files.writeString(path,
                "this is no database, whatever its name may say, and it is long enough to be read\n".repeat(50));
        write(path, 1);
        assertThat(rows(path)).isEqualTo(1);
        assertThat(Files.readString(folder.resolve(ASIDE))).startsWith("this is no database");
    }

    @Test
    void databaseDamagedInTheMiddleIsMovedAside() throws Exception {
        Path path = folder.resolve("cache.db");
        long size = damageInTheMiddle(path);
        write(path, 1);
        assertThat(rows(path)).isEqualTo(1);
        assertThat(Files.size(folder.resolve(ASIDE))).isEqualTo(size);
    }

    @Test
    void damageMissedByTheCheckIsMovedAsideOnceReported() throws Exception {
        Path path = folder.resolve("cache.db");
        damageInTheMiddle(path);
        openWithoutCheck(path).close();
        try (SqliteFile file = openWithoutCheck(path)) {
            assertThat(folder.resolve(ASIDE)).doesNotExist();
            file.damage().report(assertThatExceptionOfType(SQLException.class).isThrownBy(() -> rows(file)).actual());
            assertThat(reports).hasValue(1);
        }
        openWithoutCheck(path).close();
        assertThat(folder.resolve(ASIDE)).exists();
    }

    @Test
    void damageReportEndsWhenTheFileIsMovedAside() throws Exception {
        Path path = folder.resolve("cache.db");
        damageInTheMiddle(path);
        try (SqliteFile file = openWithoutCheck(path)) {
            SQLException damage = assertThatExceptionOfType(SQLException.class).isThrownBy(() -> rows(file)).actual();
            file.damage().report(new IllegalStateException(damage));
        }
        openWithoutCheck(path).close();
        Files.delete(folder.resolve(ASIDE));
        write(path, 1);
        assertThat(rows(path)).isEqualTo(1);
        assertThat(folder.resolve(ASIDE)).doesNotExist();
    }

    @Test
    void backupThatReplacesADamagedFileIsUsed() throws Exception {
        Path path = folder.resolve("cache.db");
        Path backup = folder.resolve("backup.db");
        write(path, 10);
        Files.copy(path, backup);
        damageInTheMiddle(path);
        try (SqliteFile file = openWithoutCheck(path)) {
            file.damage().report(assertThatExceptionOfType(SQLException.class).isThrownBy(() -> rows(file)).actual());
        }
        Files.copy(backup, path, StandardCopyOption.REPLACE_EXISTING);
        try (SqliteFile file = openWithoutCheck(path)) {
            assertThat(rows(file)).isEqualTo(10);
        }
        assertThat(folder.resolve(ASIDE)).doesNotExist();
        assertThat(folder.resolve("cache.db.damage")).doesNotExist();
    }

    @Test
    void damageIsReportedByConnect() throws Exception {
        Path path = folder.resolve("cache.db");
        write(path, 1);
        try (SqliteFile file = open(path)) {
            Files.write(path, new byte[8192]);
            assertThatExceptionOfType(SQLException.class).isThrownBy(file::connect);
            assertThat(reports).hasValue(1);
        }
        open(path).close();
        assertThat(folder.resolve(ASIDE)).exists();
    }

    @Test
    void fileThatIsReplacedIsWrittenNoMoreAndTakenByTheNextStart() throws Exception {
        Path path = folder.resolve("cache.db");
        write(path, 1);
        Path other = folder.resolve("other.db");
        write(other, 5);
        try (SqliteFile file = open(path);
                Connection open = file.connect();
                Statement statement = open.createStatement()) {
            statement.execute("insert into t (b) values ('in the log of the old file')");
            Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
            assertThatExceptionOfType(SQLException.class).isThrownBy(file::requireIntact)
                .withMessageContaining("replaced");
            assertThatExceptionOfType(SQLException.class).isThrownBy(file::connect).withMessageContaining("replaced");
            assertThat(reports).hasValue(1);
        }
        assertThat(rows(path)).isEqualTo(5);
        assertThat(folder.resolve(ASIDE)).doesNotExist();
    }

    /** As the thread of a part that stops is. */
    @Test
    void interruptedThreadDoesNotTakeTheFileForDamaged() throws Exception {
        Path path = folder.resolve("cache.db");
        write(path, 1);
        try (SqliteFile file = open(path); Connection connection = file.connect()) {
            assertThat(connection.isValid(1)).isTrue();
            Thread.currentThread().interrupt();
            file.requireIntact();
            file.connect().close();
            assertThat(Thread.interrupted()).isTrue();
            file.requireIntact();
            assertThat(rows(file)).isEqualTo(1);
            assertThat(reports).hasValue(0);
        }
    }

    @Test
    void fileDoesNotGrowWhileTheDiskIsFull() throws Exception {
        Path path = folder.resolve("cache.db");
        write(path, 1000);
        TypedStore disk = new TypedStore("ext4");
        disk.setFree(1L << 30);
        Path reserve = folder.resolve("reserve");
        try (SqliteFile file = open(path); Connection writer = file.connect()) {
            SingleConnectionDataSource pool = new SingleConnectionDataSource(writer, true);
            SqliteTransactions transactions = new SqliteTransactions(pool, file, new DiskReserve(reserve, disk));
            JdbcTemplate template = new JdbcTemplate(pool);
            template.setExceptionTranslator(transactions.translator());
            TransactionTemplate writing = new TransactionTemplate(transactions);
            Runnable insert = () -> writing
                .executeWithoutResult((status) -> template.update("insert into t (b) values (zeroblob(1000000))"));
            assertFull(template, insert);
            writing.executeWithoutResult((status) -> template.update("update t set b = b || 'x'"));
            assertThat(reserve).hasSize(16_384_000);
            Path log = folder.resolve("cache.db-wal");
            long before = Files.size(log);
            disk.setFree(1_000_000);
            assertThatExceptionOfType(TransientDataAccessResourceException.class).isThrownBy(insert::run)
                .withMessageContaining("SQLITE_FULL");
            assertThat(reserve).doesNotExist();
            writing.executeWithoutResult((status) -> template.update("delete from t where a = 1"));
            assertThat(Files.size(log)).isLessThan(before / 2);
            writing.executeWithoutResult((status) -> template.update("delete from t where a < 1000"));
            long size = Files.size(path);
            for (int i = 0; i < 100; i++) {
                writing.executeWithoutResult((status) -> template.update("insert into t (b) values ('fits')"));
            }
            assertThat(path).hasSize(size);
            disk.setFree(1L << 30);
            insert.run();
            assertThat(reserve).exists();
        }
    }

    /** As a quota makes it, which no free space tells of. */
    private static void assertFull(JdbcTemplate template, Runnable insert) {
        template.execute("pragma max_page_count = 1");
        assertThatExceptionOfType(DataAccessException.class).isThrownBy(insert::run)
            .withMessageContaining("SQLITE_FULL");
        template.execute("pragma max_page_count = 100000");
    }

    @Test
    void checkpointThatBrokeOffIsNotDamage() throws Exception {
        Path path = folder.resolve("cache.db");
        write(path, 1000);
        try (SqliteFile file = open(path);
                Connection connection = file.connect();
                Statement statement = connection.createStatement();
                FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            file.requireIntact();
            statement.execute("insert into t (b) values (zeroblob(1000000))");
            assertThat(folder.resolve("cache.db-wal")).isNotEmptyFile();
            // The first page is saved, with its number of pages, and the others are not.
            channel.write(ByteBuffer.allocate(4).putInt(0, 1000), 28);
            assertThatNoException().isThrownBy(file::requireIntact);
            assertThat(rows(file)).isEqualTo(1001);
        }
        assertThat(reports).hasValue(0);
        assertThat(rows(path)).isEqualTo(1001);
    }

    @Test
    void otherErrorsAreNotDamage() throws Exception {
        Path path = folder.resolve("cache.db");
        try (SqliteFile file = open(path)) {
            file.damage().report(assertThatExceptionOfType(SQLException.class).isThrownBy(() -> rows(file)).actual());
            assertThat(reports).hasValue(0);
        }
        open(path).close();
        assertThat(folder.resolve(ASIDE)).doesNotExist();
    }

    @Test
    void truncatedDatabaseIsMovedAside() throws Exception {
        Path path = folder.resolve("cache.db");
        write(path, 5000);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.truncate(channel.size() / 2);
        }
        write(path, 1);
        assertThat(rows(path)).isEqualTo(1);
        assertThat(folder.resolve(ASIDE)).exists();
    }

    @Test
    void intactAndEmptyFilesStay() throws Exception {
        Path path = folder.resolve("cache.db");
        Files.createFile(path);
        write(path, 1);
        write(path, 1);
        try (Stream<Path> files = Files.list(folder)) {
            List<String> names = files.map((file) -> file.getFileName().toString()).toList();
            assertThat(names).contains("cache.db").noneMatch((name) -> name.contains("damaged"));
        }
    }

    @Test
    void secondProcessIsRejectedUntilTheFirstCloses() throws Exception {
        Path path = folder.resolve("cache.db");
        try (SqliteFile first = open(path)) {
            assertThat(first).isNotNull();
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> open(path))
                .withMessageContaining("another Dejavu uses it");
        }
        open(path).close();
    }

    @Test
    void invalidPathIsRejectedAndUnlocked() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> open(file.resolve("cache.db")));
        Path taken = Files.createDirectories(folder.resolve("cache.db"));
        for (int i = 0; i < 2; i++) {
            assertThatExceptionOfType(IOException.class).isThrownBy(() -> open(taken))
                .withMessageNotContaining("another");
        }
        assertThat(taken).isDirectory();
    }

    @ParameterizedTest
    @ValueSource(strings = { "jdbc:sqlite:", "jdbc:sqlite::memory:", "jdbc:sqlite:file:x?mode=memory", "jdbc:sqlite: ",
            "jdbc:h2:mem:x", "cache.db" })
    void urlWithoutAFileIsRejected(String url) {
        assertThat(SqliteFile.isUrl(url)).isFalse();
    }

    private SqliteFile openWithoutCheck(Path path) throws IOException {
        return open(path, Duration.ZERO);
    }

    private SqliteFile open(Path path) throws IOException {
        return open(path, Duration.ofMinutes(1));
    }

    private SqliteFile open(Path path, Duration checkTimeout) throws IOException {
        return SqliteFile.open("jdbc:sqlite:" + path, new SettableClock(), checkTimeout, reports::incrementAndGet);
    }

    private void write(Path path, int rows) throws IOException, SQLException {
        try (SqliteFile file = open(path);
                Connection connection = file.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("create table if not exists t (a integer primary key, b text)");
            connection.setAutoCommit(false);
            for (int i = 0; i < rows; i++) {
                statement.executeUpdate("insert into t (b) values ('" + "text ".repeat(20) + i + "')");
            }
            connection.commit();
        }
    }

    private long damageInTheMiddle(Path path) throws IOException, SQLException {
        write(path, 20_000);
        long size = Files.size(path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap("x".repeat(8192).getBytes(UTF_8)), size / 2);
        }
        return size;
    }

    private int rows(Path path) throws IOException, SQLException {
        try (SqliteFile file = open(path)) {
            return rows(file);
        }
    }

    private int rows(SqliteFile file) throws SQLException {
        try (Connection connection = file.connect();
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("select count(*) from t")) {
            return result.getInt(1);
        }
    }

}
