package io.holdfast.guard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.alibaba.druid.DbType;
import com.alibaba.druid.sql.SQLUtils;
import com.alibaba.druid.sql.ast.SQLStatement;
import com.alibaba.druid.sql.parser.ParserException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The statements for SQL Server, read by somebody else's grammar of T-SQL. No server runs them
 * here: nothing in this project has seen what they do.
 */
class SqlServerSyntaxTest {

  @ParameterizedTest
  @CsvSource({
    "update.sql, 1",
    "insert.sql, 1",
    "read.sql, 1",
    "claim.sql, 1",
    "claimed.sql, 1",
    "write.sql, 1",
    "fence.sql, 1",
    "fence_table.sql, 1",
    "enter.sql, 1",
    "transaction_lock.sql, 5"
  })
  void statementsFollowTheGrammar(String file, int statements) {
    assertThat(parse(statement(file))).hasSize(statements);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE machine SET WHERE id = ?",
        "SELECT fence FROM holdfast_fence WHERE name = ? LOCK IN SHARE MODE ?",
        "MERGE INTO f USING (VALUES (?, ?)) AS e (a, b) ON f.a = e.a WHEN MATCH THEN UPDATE",
      })
  void grammarRefusesWhatIsNone(String statement) {
    assertThatThrownBy(() -> parse(statement)).isInstanceOf(ParserException.class);
  }

  /** What the grammar does not know, and the vendor's does. */
  @Test
  void ofTheMergeOnlyTheHintIsTakenOnTrust() {
    assertThat(Statements.load(Dialect.SQLSERVER, "enter.sql")).contains(" WITH (HOLDLOCK) AS f");
  }

  private static String statement(String file) {
    return Statements.load(Dialect.SQLSERVER, file)
        .replace(" WITH (HOLDLOCK) AS f", " AS f")
        .replace("{table}", "machine")
        .replace("{columns}{id}", "name, id")
        .replace("{columns}{fence}", "name = ?, fence")
        .replace("SET {columns}", "SET name = ?")
        .replace("{columns}", "fence, version")
        .replace("{values}", "?, ")
        .replace("{id}", "id")
        .replace("{fence}", "fence")
        .replace("{version}", "version")
        .replace("{holder}", "holder");
  }

  private static List<SQLStatement> parse(String statement) {
    return SQLUtils.parseStatements(statement, DbType.sqlserver);
  }
}
